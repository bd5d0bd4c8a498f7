"""Aperture fluxes against the archive's PSF fluxes of real stars."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.surveys.sdss.layout import BANDS
from support.real_field import cut_stars, open_real_field, read_real_stars


@pytest.fixture(scope="module")
def real_field(real_data: Path):
    return open_real_field(real_data)


@pytest.fixture(scope="module")
def real_stars(real_data: Path, real_field) -> Table:
    return read_real_stars(real_data, real_field)


def test_aperture_fluxes_agree_with_psfflux(real_field, real_stars) -> None:
    ours = cut_stars(real_field, real_stars)
    measured = aperture_flux(ours.flux, ours.offset, pixel_scale=0.396)
    expected = np.array(real_stars["PSFFLUX"])
    error = 1 / np.sqrt(np.array(real_stars["PSFFLUX_IVAR"]))
    for band, name in enumerate(BANDS):
        good = (expected / error)[:, band] > 30
        assert good.sum() >= (1 if name == "z" else 16), name
        ratio = np.median(measured[good, band] / expected[good, band])
        assert abs(ratio - 1) < (0.08 if name == "u" else 0.05), (name, ratio)


def test_light_far_from_the_middle_counts() -> None:
    """An object off the middle has its own circle and ring; on a flat sky the sum is exact."""
    flux = np.ones((1, 1, 101, 101), np.float32)
    flux[0, 0, 70, 20] = 8.0
    offset = np.array([[[20.0, -30.0]]], np.float32)
    assert aperture_flux(flux, offset, pixel_scale=0.396) == pytest.approx(7.0)
    middle = np.zeros((1, 1, 2), np.float32)
    assert aperture_flux(flux, middle, 20.0, pixel_scale=0.396) == pytest.approx(7.0)
