"""Cutouts that leave their frame along the scan."""

import numpy as np
from astropy.nddata import Cutout2D

from skyclass.config.sections import CutoutConfig
from skyclass.images.cut_field import cut_field
from skyclass.images.cutout import cut_frames
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS
from support.fields import find_positions

STEP = 1361
"""Rows from one field to the next."""


def test_across_the_seam_as_from_one_larger_image(pair) -> None:
    frames, first, second = pair
    one, other = open_field(frames, first), open_field(frames, second)
    for field, rows, shift in ((first, [1470.0, 1440.0], 0), (second, [5.0, 40.0], STEP)):
        ra, dec = find_positions(frames, field, rows)
        cutouts, simulated = cut_field(frames, field, ra, dec, CutoutConfig(size=200), SDSS)
        assert simulated
        assert not cutouts.mask.any()
        for band in range(5):
            whole = np.concatenate([one[band].data, other[band].data[128:]])
            if shift:
                whole = np.concatenate([one[band].data[:STEP], other[band].data])
            wcs = (one, other)[shift > 0][band].wcs
            x, y = wcs.all_world2pix(ra, dec, 0)
            for i in range(len(ra)):
                expected = Cutout2D(whole, (x[i], y[i] + shift), 200).data
                np.testing.assert_array_equal(cutouts.flux[i, band], expected)


def test_neighbours_agree_where_the_seam_is(pair) -> None:
    frames, first, second = pair
    ra, dec = find_positions(frames, first, [1400.0, 1450.0, 1488.0])
    for one, other in zip(open_field(frames, first), open_field(frames, second), strict=True):
        (x, y), (x2, y2) = one.pixel(ra, dec), other.pixel(ra, dec)
        np.testing.assert_allclose(x2, x, atol=0.02)
        np.testing.assert_allclose(y2, y - STEP, atol=0.02)


def test_without_a_neighbour_the_rest_is_masked(pair) -> None:
    frames, first, _ = pair
    ra, dec = find_positions(frames, first, [5.3])
    cutouts, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    r = BANDS.index("r")
    assert cutouts.mask[0, r].sum() == 26 * 64
    assert (cutouts.flux[cutouts.mask] == 0).all()


def test_rows_that_are_not_needed_may_be_missing(pair) -> None:
    frames, first, _ = pair
    ra, dec = find_positions(frames, first, [100.0, 300.0, 500.0])
    ours, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=63), SDSS)
    whole = cut_frames(open_field(frames, first), ra, dec, 63)
    np.testing.assert_array_equal(ours.flux, whole.flux)
    np.testing.assert_array_equal(ours.inside, whole.inside)
