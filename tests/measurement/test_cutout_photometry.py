"""Measurements on cutouts alone, of stars that are painted."""

import numpy as np
import pytest

from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measurement import Flag
from support.painted_frame import SCALE, TWO_BANDS, expose, paint_light

FLUX = np.array([400.0, 150.0, 60.0, 20.0, 5.0])
ROWS = np.array([30.2, 60.7, 100.4, 30.9, 120.1])
COLUMNS = np.array([40.3, 110.8, 50.0, 95.6, 120.2])
FWHM = (3.4, 2.9)
TRUE = FLUX[:, None].repeat(2, 1)


@pytest.fixture(scope="module")
def cutouts() -> tuple[np.ndarray, np.ndarray]:
    frames = [
        expose(band, paint_light(150, ROWS, COLUMNS, FLUX, fwhm))
        for band, fwhm in zip("gr", FWHM, strict=True)
    ]
    rows, columns = np.rint(ROWS).astype(int), np.rint(COLUMNS).astype(int)
    flux = [
        [frame.data[r - 20 : r + 21, c - 20 : c + 21] for frame in frames]
        for r, c in zip(rows, columns, strict=True)
    ]
    offset = np.stack([ROWS - rows, COLUMNS - columns], 1)[:, None].repeat(2, 1)
    return np.array(flux), offset.astype(np.float32)


def test_the_width_of_the_object_is_that_of_the_psf(cutouts: tuple[np.ndarray, np.ndarray]) -> None:
    measured = measure_cutouts(*cutouts, TWO_BANDS)
    np.testing.assert_allclose(measured.psf_flux, TRUE, rtol=0.05)
    np.testing.assert_allclose(measured.psf_fwhm[:3], [np.array(FWHM) * SCALE] * 3, rtol=0.06)
    assert measured.has(Flag.POOR_PSF).all()
    assert np.abs(measured.concentration[:3]).max() < 0.05


def test_what_is_wider_than_seeing_is_extended() -> None:
    light = [
        expose(band, paint_light(61, np.array([30.0]), np.array([30.0]), np.array([400.0]), 8.0))
        for band in "gr"
    ]
    flux = np.array([[frame.data for frame in light]])
    measured = measure_cutouts(flux, np.zeros((1, 2, 2), np.float32), TWO_BANDS)
    np.testing.assert_allclose(measured.psf_flux, 400.0, rtol=0.05)  # by its own width
    assert (measured.concentration > 0.1).all()


def test_a_width_that_is_known(cutouts: tuple[np.ndarray, np.ndarray]) -> None:
    fwhm = np.array([FWHM] * 5) * SCALE
    measured = measure_cutouts(*cutouts, TWO_BANDS, psf_fwhm=fwhm)
    np.testing.assert_allclose(measured.psf_flux, TRUE, rtol=0.05)
    np.testing.assert_allclose(measured.psf_fwhm, fwhm, rtol=1e-6)
    assert not measured.has(Flag.POOR_PSF).any()


def test_pixels_that_are_masked(cutouts: tuple[np.ndarray, np.ndarray]) -> None:
    flux, offset = cutouts[0].copy(), cutouts[1]
    mask = np.zeros(flux.shape, bool)
    mask[0, 0, 18:21, 20] = True
    mask[1, 1] = True
    flux[mask] = 1e6
    fwhm = np.array([FWHM] * 5) * SCALE
    measured = measure_cutouts(flux, offset, TWO_BANDS, mask=mask, psf_fwhm=fwhm)
    assert measured.has(Flag.BAD_PIXELS)[0].tolist() == [True, False]
    assert np.isnan(measured.psf_flux[1, 1])
    np.testing.assert_allclose(measured.psf_flux[0, 0], FLUX[0], rtol=0.1)
