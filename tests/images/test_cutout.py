"""Cutouts of a real field against astropy and the archive's own measurements."""

from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import Cutout2D
from astropy.table import Table

from skyclass.images.cutout import cut_image
from support.real_field import cut_stars, open_real_field, read_real_stars


@pytest.fixture(scope="module")
def real_field(real_data: Path):
    return open_real_field(real_data)


@pytest.fixture(scope="module")
def real_stars(real_data: Path, real_field) -> Table:
    return read_real_stars(real_data, real_field)


@pytest.mark.parametrize("size", [63, 64])
def test_every_band_equals_cutout2d(real_field, real_stars, size: int) -> None:
    ours = cut_stars(real_field, real_stars, size)
    for band, frame in enumerate(real_field):
        x, y = frame.pixel(np.array(real_stars["RA"]), np.array(real_stars["DEC"]))
        for i in range(0, len(x), 7):
            theirs = Cutout2D(frame.data, (x[i], y[i]), size, mode="partial", fill_value=0).data
            np.testing.assert_array_equal(ours.flux[i, band], theirs)


def test_positions_agree_with_the_archive(real_field, real_stars) -> None:
    # COLC and ROWC count from a pixel's corner, 0.5 pixel before its centre
    x, y = real_field[2].pixel(np.array(real_stars["RA"]), np.array(real_stars["DEC"]))
    col, row = (np.array(real_stars[name]) for name in ("COLC", "ROWC"))
    if col.ndim == 2:
        col, row = col[:, 2], row[:, 2]
    apart = 0.396 * np.hypot(x - (col - 0.5), y - (row - 0.5))
    assert np.median(apart) < 0.05
    assert np.percentile(apart, 95) < 0.2


def test_objects_lie_at_their_offsets(real_field, real_stars) -> None:
    ours = cut_stars(real_field, real_stars)
    assert np.abs(ours.offset).max() <= 0.5
    bright = np.flatnonzero(np.array(real_stars["PSFFLUX"])[:, 2] > 30)
    y, x = np.mgrid[:64, :64] - 31.5
    for band in (1, 2, 3):
        measured = []
        for i in bright:
            near = np.hypot(x - ours.offset[i, band, 1], y - ours.offset[i, band, 0]) < 5
            light = np.where(near, ours.flux[i, band], 0)
            measured.append([np.sum(axis * light) / light.sum() for axis in (y, x)])
        apart = np.array(measured) - ours.offset[bright, band]
        assert np.median(np.abs(apart)) < 0.1


def test_edges_are_padded_and_masked() -> None:
    image = np.arange(100, dtype=np.float32).reshape(10, 10)
    pixels, mask = cut_image(image, np.array([0.0]), np.array([9.0]), 4)
    expected = np.zeros((4, 4))
    expected[:3, 2:] = image[7:10, :2]
    np.testing.assert_array_equal(pixels[0], expected)
    np.testing.assert_array_equal(~mask[0], expected > 0)
