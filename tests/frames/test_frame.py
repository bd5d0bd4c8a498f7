"""Frames of any survey: world coordinates, and bands that are missing."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.errors import ImageError, MissingFrameError
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import SIMULATED, is_simulated


def make_wcs() -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.0]
    wcs.wcs.crpix = [5.0, 4.0]
    wcs.wcs.cdelt = [-1e-4, 1e-4]
    return wcs


def open_some(band: str) -> Frame:
    if band == "g":
        raise MissingFrameError("no g")
    return Frame(band, np.ones((6, 8), np.float32), make_wcs(), False, (6, 8), 9.0)


def test_positions_are_pixels_from_zero() -> None:
    x, y = open_some("r").pixel(np.array([150.0]), np.array([2.0]))
    assert (x[0], y[0]) == pytest.approx((4.0, 3.0))


def test_world_coordinates_are_read_from_a_header() -> None:
    wcs = read_wcs(Path("a.fits"), make_wcs().to_header())
    assert wcs.all_pix2world(4.0, 3.0, 0) == pytest.approx([150.0, 2.0])
    with pytest.raises(ImageError, match=r"a\.fits has no celestial WCS"):
        read_wcs(Path("a.fits"), fits.Header())


def test_a_missing_band_is_empty_or_refused() -> None:
    frames = open_bands(("g", "r"), open_some, mask_missing=True, name="tile 1")
    assert [frame.band for frame in frames] == ["g", "r"]
    assert frames[0].data.shape == (0, 8)
    assert (frames[0].shape, frames[0].saturation) == ((6, 8), np.inf)
    with pytest.raises(MissingFrameError, match="no g"):
        open_bands(("g", "r"), open_some, mask_missing=False, name="tile 1")
    with pytest.raises(MissingFrameError, match="tile 1 has no frame at all"):
        open_bands(("g",), open_some, mask_missing=True, name="tile 1")


def test_simulated_files_say_so() -> None:
    assert is_simulated(["other", f"{SIMULATED} 1.0"])
    assert not is_simulated([])
