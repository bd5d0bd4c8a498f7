"""Measurements on the frames of a field: painted stars, and missing bands."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from skyclass.frames.frame import Frame
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag
from skyclass.surveys.survey import Band, Survey

NOISE, GAIN, SCALE = 0.02, 900.0, 0.4
FLUX = np.array([400.0, 150.0, 60.0, 20.0, 5.0])
ROWS, COLUMNS = (
    np.array([30.2, 60.7, 100.4, 30.9, 120.1]),
    np.array([40.3, 110.8, 50.0, 95.6, 120.2]),
)


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Survey(
        name="two-bands",
        title="Two bands",
        bands=(Band("g", 4770.0, gain=GAIN), Band("r", 6231.0, gain=GAIN)),
        pixel_scale=SCALE,
        detection_band="r",
        key=("tile",),
        open_unit=lambda root, unit, rows=None, *, mask_missing=False: (),
        find_units=lambda paths: {},
    )


def make_frame(band: str, fwhm: float) -> Frame:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [75.0, 75.0]
    wcs.wcs.cdelt = [-SCALE / 3600, SCALE / 3600]
    rng = np.random.default_rng(ord(band))
    y, x = np.mgrid[:150, :150]
    scale = fwhm / (2 * np.sqrt(2 ** (1 / 2.5) - 1))
    light = np.zeros((150, 150))
    for flux, row, column in zip(FLUX, ROWS, COLUMNS, strict=True):
        squared = (y - row) ** 2 + (x - column) ** 2
        light += flux * 1.5 / (np.pi * scale**2) * (1 + squared / scale**2) ** -2.5
    light += rng.normal(0, np.sqrt(NOISE**2 + light / GAIN))
    return Frame(band, light.astype(np.float32), wcs, True, light.shape, 1e3, gain=GAIN)


@pytest.fixture(scope="module")
def frames() -> tuple[Frame, Frame]:
    return make_frame("g", 3.4), make_frame("r", 2.9)


def test_painted_stars_on_their_frames(frames: tuple[Frame, Frame], survey: Survey) -> None:
    ra, dec = frames[0].wcs.all_pix2world(COLUMNS, ROWS, 0)
    measured = measure_field(frames, ra, dec, survey)
    np.testing.assert_allclose(measured.psf_flux, FLUX[:, None].repeat(2, 1), rtol=0.03)
    np.testing.assert_allclose(
        measured.aperture_flux, FLUX[:, None].repeat(2, 1), rtol=0.03, atol=1
    )
    np.testing.assert_allclose(measured.psf_fwhm, np.array([[3.4, 2.9]] * 5) * SCALE, rtol=0.03)
    np.testing.assert_allclose(measured.sky_noise, NOISE, rtol=0.1)
    assert not measured.has(Flag.NO_DETECTION).any()


def test_a_missing_band_and_a_position_beyond_the_frame(
    frames: tuple[Frame, Frame], survey: Survey
) -> None:
    ra, dec = frames[0].wcs.all_pix2world([40.3, 5000.0], [30.2, 20.0], 0)
    empty = replace(frames[0], data=np.zeros((0, 150), np.float32))
    measured = measure_field((empty, frames[1]), ra, dec, survey)
    np.testing.assert_array_equal(np.isnan(measured.psf_flux), [[True, False], [True, True]])
    assert measured.has(Flag.NO_DETECTION)[np.isnan(measured.psf_flux)].all()


def test_painted_stars_on_their_cutouts(frames: tuple[Frame, Frame], survey: Survey) -> None:
    rows, columns = np.rint(ROWS).astype(int), np.rint(COLUMNS).astype(int)
    flux = np.stack(
        [
            [frame.data[r - 20 : r + 21, c - 20 : c + 21] for frame in frames]
            for r, c in zip(rows, columns, strict=True)
        ]
    )
    offset = np.stack([ROWS - rows, COLUMNS - columns], 1)[:, None].repeat(2, 1)
    measured = measure_cutouts(flux, offset.astype(np.float32), survey)
    np.testing.assert_allclose(measured.psf_flux, FLUX[:, None].repeat(2, 1), rtol=0.05)
    assert measured.has(Flag.POOR_PSF).all()
    given = measure_cutouts(
        flux, offset.astype(np.float32), survey, psf_fwhm=np.array([[3.4, 2.9]] * 5) * SCALE
    )
    np.testing.assert_allclose(given.psf_flux, FLUX[:, None].repeat(2, 1), rtol=0.04)
    assert not given.has(Flag.POOR_PSF).any()
