"""Measurements on a real field against the survey's own catalogue, and against photutils."""

from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import NDData
from astropy.table import Table
from numpy.typing import NDArray
from photutils.psf import EPSFBuilder, PSFPhotometry, extract_stars

from skyclass.frames.frame import Frame
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.surveys.sdss.survey import SDSS
from support.real_field import open_real_field

LIMITS = {"u": (0.03, 0.05), "g": (0.02, 0.03), "r": (0.02, 0.03), "i": (0.02, 0.03)}
LIMITS["z"] = (0.03, 0.05)
SATURATED = 1 << 18  # SATUR of FLAGS
STARS = 161


@pytest.fixture(scope="module")
def frames(real_data: Path) -> tuple[Frame, ...]:
    return open_real_field(real_data)


@pytest.fixture(scope="module")
def stars(real_data: Path) -> Table:
    stars = Table.read(real_data / "sdss" / "calibObj-004510-4-star.fits.gz")
    return stars[stars["FIELD"] == 30]


@pytest.fixture(scope="module")
def measured(frames: tuple[Frame, ...], stars: Table) -> Measurement:
    return measure_field(frames, np.array(stars["RA"]), np.array(stars["DEC"]), SDSS)


def scatter(values: NDArray[np.floating]) -> float:
    return float(1.48 * np.median(np.abs(values - np.median(values))))


@pytest.mark.parametrize(("band", "count"), zip("ugriz", (16, 26, 48, 69, 73), strict=True))
def test_fluxes_are_those_of_the_catalogue(
    measured: Measurement, stars: Table, band: str, count: int
) -> None:
    b = SDSS.band_names.index(band)
    reference = np.array(stars["PSFFLUX"])[:, b]
    ratio = reference * np.sqrt(np.array(stars["PSFFLUX_IVAR"])[:, b])
    chosen = ((np.array(stars["FLAGS"])[:, b] & SATURATED) == 0) & (ratio > (10 if b == 4 else 30))
    chosen &= ~measured.has(Flag.BLENDED)[:, b]
    assert count - 3 <= chosen.sum() <= count
    difference = -2.5 * np.log10(measured.psf_flux[chosen, b] / reference[chosen])
    offset, least = LIMITS[band]
    assert abs(np.median(difference)) <= offset
    assert scatter(difference) <= max(least, 1.3 * np.median(1.086 / ratio[chosen]))
    faint = ratio < 20
    pull = (measured.psf_flux[faint, b] - reference[faint]) / measured.psf_flux_err[faint, b]
    assert abs(np.median(pull)) < 0.5  # the same pixels: the sky is the same to half an error


def test_saturated_stars_are_those_that_the_survey_flags(
    measured: Measurement, stars: Table
) -> None:
    flagged = (np.array(stars["FLAGS"]) & SATURATED) > 0
    # faint sources in the wings of a saturated star, which have no saturated pixel themselves
    flagged[np.array(stars["PSFFLUX"])[:, 2] < 5] = False
    assert len(flagged) == STARS
    assert flagged.any(axis=1).sum() == 6
    np.testing.assert_array_equal(measured.has(Flag.SATURATED), flagged)


def test_saturated_stars_have_the_flux_of_their_wings(measured: Measurement, stars: Table) -> None:
    saturated = measured.has(Flag.SATURATED)[:, 3]
    # the catalogue's i of these stars is up to 2.7 magnitudes too faint; r - i and i - z of the
    # stellar locus leave it within a few tenths of the mean of r and z
    r, i, z = (-2.5 * np.log10(measured.psf_flux[saturated, b]) for b in (2, 3, 4))
    assert np.abs(i - (r + z) / 2).max() < 0.5


def test_shapes_of_stars(measured: Measurement, stars: Table) -> None:
    bright = (measured.psf_flux[:, 2] > 20) & ~measured.has(Flag.SATURATED)[:, 2]
    assert bright.sum() > 20
    assert abs(np.median(measured.concentration[bright, 2])) < 0.01
    # SDSS's width is that of two Gaussians, somewhat more than of the profile at half its height
    ratio = measured.psf_fwhm / np.array(stars["PSF_FWHM"])
    assert np.all((np.median(ratio, axis=0) > 0.88) & (np.median(ratio, axis=0) < 1.02))


def test_fluxes_are_those_of_photutils(
    frames: tuple[Frame, ...], stars: Table, measured: Measurement
) -> None:
    flux, error = measured.psf_flux[:, 2], measured.psf_flux_err[:, 2]
    x, y = frames[2].pixel(np.array(stars["RA"]), np.array(stars["DEC"]))
    wrong = measured.has(Flag.SATURATED | Flag.BLENDED | Flag.EDGE)[:, 2]
    chosen = np.flatnonzero(~wrong & (flux > 20 * error))
    brightest = chosen[np.argsort(-flux[chosen])][:25]
    image = frames[2].data.astype(float)
    cutouts = extract_stars(NDData(image), Table({"x": x[brightest], "y": y[brightest]}), size=25)
    psf = EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(cutouts)[0]
    psf.x_0.fixed = psf.y_0.fixed = True
    photometry = PSFPhotometry(psf, (9, 9), aperture_radius=4)
    table = photometry(
        image,
        error=np.full(image.shape, float(measured.sky_noise[0, 2])),
        init_params=Table({"x": x[chosen], "y": y[chosen]}),
    )
    ratio = np.array(table["flux_fit"]) / flux[chosen]
    assert len(ratio) > 50
    assert scatter(ratio) < 0.03
    # its profile ends at 12 pixels, ours at 19
    assert 0.98 < np.median(ratio) < 1.05
