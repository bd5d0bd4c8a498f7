"""The colour picture of a field: bands lie on each other, and keep their colour."""

import numpy as np
import pytest
from astropy.modeling.models import Gaussian2D
from astropy.wcs import WCS

from skyclass.errors import ImageError
from skyclass.frames.frame import Frame
from skyclass.images.composite import draw_composite

SHAPE = (60, 80)
RA, DEC = 150.003, 2.502


def make_frame(band: str, shift: float, angle: float, flux: float = 4.0) -> Frame:
    """Make a frame with one star, shifted and rotated against the sky."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.5]
    wcs.wcs.crpix = [40 + shift, 30 - shift]
    turn, scale = np.radians(angle), 0.4 / 3600
    wcs.wcs.cd = scale * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    x, y = (float(v) for v in wcs.all_world2pix(RA, DEC, 0))
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    data = Gaussian2D(flux, x, y, 2.0, 2.0)(columns, rows).astype(np.float32)
    return Frame(band, data, wcs, True, SHAPE, np.inf)


def find_centre(grey: np.ndarray) -> tuple[float, float]:
    weights = grey.astype(float)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()


def test_shifted_and_rotated_bands_lie_on_the_reference() -> None:
    frames = [make_frame("g", 3.4, 2.0), make_frame("r", 0.0, 0.0), make_frame("i", -5.25, -1.0)]
    picture = draw_composite(frames, frames[1])
    expected = tuple(v[0] for v in frames[1].pixel(np.array([RA]), np.array([DEC])))
    assert picture.shape == (*SHAPE, 3)
    for channel in range(3):
        assert find_centre(picture[..., channel]) == pytest.approx(expected, abs=0.15)


def test_the_colour_is_that_of_the_bands() -> None:
    frames = [make_frame("g", 0, 0, 1.0), make_frame("r", 0, 0, 2.0), make_frame("i", 0, 0, 4.0)]
    red, green, blue = draw_composite(frames, frames[1]).astype(float).sum(axis=(0, 1))
    assert red / green == pytest.approx(2.0, rel=0.05)
    assert green / blue == pytest.approx(2.0, rel=0.05)


def test_a_band_without_pixels_is_left_out() -> None:
    empty = Frame("i", np.zeros((0, 80), np.float32), make_frame("i", 0, 0).wcs, True, SHAPE, 1.0)
    frames = [make_frame("g", 0, 0), make_frame("r", 0, 0), empty]
    assert draw_composite(frames, frames[1]).max() > 100
    with pytest.raises(ImageError, match="no frame with pixels"):
        draw_composite([empty], empty)
