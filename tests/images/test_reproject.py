"""Bands of different rotation and scale brought onto one grid."""

import numpy as np
import pytest
from astropy.wcs import WCS

from skyclass.frames.frame import Frame
from skyclass.images.reproject import cut_on_common_grid

RA, DEC = np.array([120.0, 120.004]), np.array([45.0, 45.003])
FLUX = np.array([100.0, 40.0])


def star_frame(band: str, scale: float, turn: float) -> Frame:
    """Draw two round stars of 1.5 arcsec on a frame of its own rotation and scale."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [120.001, 45.001]
    wcs.wcs.crpix = [150.3, 149.1]
    c, s = np.cos(turn), np.sin(turn)
    wcs.wcs.cd = scale / 3600.0 * np.array([[-c, s], [s, c]])
    y, x = np.mgrid[:300, :300]
    sigma = 1.5 / 2.3548 / scale
    image = np.zeros((300, 300))
    for x0, y0, flux in zip(*wcs.all_world2pix(RA, DEC, 0), FLUX, strict=True):
        bell = np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / sigma**2)
        image += flux * bell / (2 * np.pi * sigma**2)
    return Frame(band, image.astype(np.float32), wcs, True, image.shape, np.inf)


def test_flux_and_place_agree_between_bands() -> None:
    frames = [star_frame("g", 0.25, 0.0), star_frame("r", 0.396, 1.1), star_frame("i", 0.3, -2.0)]
    cutouts = cut_on_common_grid(frames, RA, DEC, 33, 0.396)
    assert cutouts.inside.all()
    assert not cutouts.mask.any()
    y, x = np.mgrid[:33, :33] - 16
    near = np.hypot(x, y) < 10
    for i, flux in enumerate(FLUX):
        for image in cutouts.flux[i]:
            light = np.where(near, image, 0)
            assert light.sum() == pytest.approx(flux, rel=0.01)
            for axis in (x, y):
                assert abs((axis * light).sum() / light.sum()) < 0.02


def test_outside_the_frame_is_masked() -> None:
    frame = star_frame("r", 0.396, 0.4)
    ra, dec = frame.wcs.all_pix2world([2.0, -40.0], [150.0, 150.0], 0)
    cutouts = cut_on_common_grid([frame], ra, dec, 21, 0.396)
    assert cutouts.inside.tolist() == [True, False]
    assert cutouts.mask[0].any()
    assert cutouts.mask[1].all()
    assert not cutouts.flux[cutouts.mask].any()
