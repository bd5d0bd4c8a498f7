"""Measurements on the frames of a field whose stars are painted: fluxes, errors, flags."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag, Measurement
from support.painted_frame import NOISE, SCALE, TWO_BANDS, expose, make_wcs, paint_light

SIZE, FWHM = 600, {"g": 3.3, "r": 2.8}
SINGLE = 64
SATURATION = 40.0


class Painted:
    """Bright single stars on a grid, and pairs between them, S/N 5 to 100, from 0.8 FWHM."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        grid = np.linspace(35, SIZE - 35, 8)
        y, x = (a.ravel() + rng.uniform(-4, 4, SINGLE) for a in np.meshgrid(grid, grid))
        cells = np.stack(np.meshgrid(grid[:-1] + 38, grid[:-1] + 38), -1).reshape(-1, 2)
        self.pairs = len(cells)
        separation = rng.uniform(0.8, 2.5, self.pairs) * FWHM["g"]
        angle = rng.uniform(0, 2 * np.pi, self.pairs)
        first = cells + rng.uniform(-3, 3, cells.shape)
        second = first + separation[:, None] * np.stack([np.sin(angle), np.cos(angle)], 1)
        self.rows = np.r_[y, first[:, 0], second[:, 0]]
        self.columns = np.r_[x, first[:, 1], second[:, 1]]
        signal = 10 ** rng.uniform(np.log10(5), 2, (2 * self.pairs, 2))
        self.flux = np.concatenate([10 ** rng.uniform(1, 2.3, (SINGLE, 2)), signal * NOISE * 7])
        self.ra, self.dec = make_wcs(SIZE).all_pix2world(self.columns, self.rows, 0)
        self.frames = tuple(
            expose(band, paint_light(SIZE, self.rows, self.columns, self.flux[:, b], FWHM[band]))
            for b, band in enumerate("gr")
        )
        self.measured = measure_field(self.frames, self.ra, self.dec, TWO_BANDS)


@pytest.fixture(scope="module")
def painted() -> Painted:
    return Painted()


def test_bright_stars(painted: Painted) -> None:
    measured = painted.measured.take(np.arange(SINGLE))
    np.testing.assert_allclose(measured.psf_flux, painted.flux[:SINGLE], rtol=0.03, atol=0.5)
    difference = np.log(measured.psf_flux / painted.flux[:SINGLE])
    assert np.abs(np.median(difference, axis=0)).max() < 0.005
    aperture = np.log(measured.aperture_flux / painted.flux[:SINGLE])
    assert np.abs(np.median(aperture, axis=0)).max() < 0.02
    np.testing.assert_allclose(
        measured.psf_fwhm, [[FWHM["g"] * SCALE, FWHM["r"] * SCALE]] * SINGLE, rtol=0.02
    )
    np.testing.assert_allclose(measured.sky_noise, NOISE, rtol=0.05)
    assert np.abs(np.median(measured.concentration, axis=0)).max() < 0.005
    assert not measured.flags.any()


def test_errors_of_close_pairs(painted: Painted) -> None:
    measured = painted.measured.take(np.arange(SINGLE, len(painted.rows)))
    pull = (measured.psf_flux - painted.flux[SINGLE:]) / measured.psf_flux_err
    assert pull.size == 4 * painted.pairs
    assert abs(np.median(pull)) < 0.25
    assert 0.8 < 1.48 * np.median(np.abs(pull - np.median(pull))) < 1.2
    blended = measured.has(Flag.BLENDED)
    assert blended.mean() > 0.3


def test_the_neighbour_that_nobody_asked_for_biases_a_flux(painted: Painted) -> None:
    first = np.arange(SINGLE + painted.pairs)
    alone = measure_field(painted.frames, painted.ra[first], painted.dec[first], TWO_BANDS)
    true = painted.flux[SINGLE : SINGLE + painted.pairs]
    worse, better = (
        np.abs(np.log(measured.psf_flux[SINGLE : SINGLE + painted.pairs] / true))
        for measured in (alone, painted.measured)
    )
    assert np.mean(worse) > 2 * np.mean(better)


def test_the_same_position_twice(painted: Painted) -> None:
    rows = np.array([0, 1, 0])
    measured = measure_field(painted.frames, painted.ra[rows], painted.dec[rows], TWO_BANDS)
    np.testing.assert_array_equal(measured.psf_flux[0], measured.psf_flux[2])
    np.testing.assert_allclose(measured.psf_flux, painted.measured.psf_flux[rows], rtol=0.01)


def test_a_missing_band_and_positions_beyond_the_frame(painted: Painted) -> None:
    ra, dec = make_wcs(SIZE).all_pix2world([painted.columns[0], 5000.0], [painted.rows[0], 20.0], 0)
    empty = replace(painted.frames[1], data=np.zeros((0, SIZE), np.float32))
    measured = measure_field((painted.frames[0], empty), ra, dec, TWO_BANDS)
    np.testing.assert_array_equal(np.isnan(measured.psf_flux), [[False, True], [True, True]])
    assert measured.has(Flag.NO_DETECTION)[np.isnan(measured.psf_flux)].all()


def measure_one(
    frame: Frame, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> Measurement:
    ra, dec = make_wcs(SIZE).all_pix2world(columns, rows, 0)
    return measure_field((frame, replace(frame, band="r")), ra, dec, TWO_BANDS)


def test_flags_of_edges_and_missing_pixels(painted: Painted) -> None:
    rows, columns = painted.rows[:3].copy(), painted.columns[:3].copy()
    image = painted.frames[0].data.copy()
    image[int(rows[0]), int(columns[0])] = np.nan
    rows[2] = 3.0
    measured = measure_one(replace(painted.frames[0], data=image), rows, columns)
    np.testing.assert_array_equal(measured.has(Flag.BAD_PIXELS)[:, 0], [True, False, False])
    np.testing.assert_array_equal(measured.has(Flag.EDGE)[:, 0], [False, False, True])
    np.testing.assert_array_equal(measured.has(Flag.NO_DETECTION)[:, 0], [False, False, True])
    np.testing.assert_allclose(measured.psf_flux[0, 0], painted.flux[0, 0], rtol=0.05)


def paint_bright(painted: Painted, profile: NDArray[np.float64]) -> Frame:
    """Add something bright in the middle to the singles and pairs."""
    light = paint_light(SIZE, painted.rows, painted.columns, painted.flux[:, 0], FWHM["g"])
    return expose("g", light + profile, SATURATION)


def test_an_interpolated_core_is_saturated(painted: Painted) -> None:
    middle = np.array([300.0]), np.array([301.0])
    flux = 2e3  # a central pixel of about 100
    star = paint_light(SIZE, *middle, np.array([flux]), FWHM["g"])
    y, x = np.mgrid[:SIZE, :SIZE]
    core = star > SATURATION
    star[core] = 0.2 * SATURATION * (1 + 0.3 * np.sin(y[core] + 2 * x[core]))
    frame = paint_bright(painted, star)
    assert frame.data.max() < SATURATION
    measured = measure_one(
        frame, np.r_[middle[0], painted.rows[:SINGLE]], np.r_[middle[1], painted.columns[:SINGLE]]
    )
    saturated = measured.has(Flag.SATURATED)[:, 0]
    assert saturated[0]
    assert not saturated[1:].any()
    np.testing.assert_allclose(measured.psf_flux[0, 0], flux, rtol=0.15)


def test_a_bright_galaxy_is_not_saturated(painted: Painted) -> None:
    middle = np.array([300.0]), np.array([301.0])
    galaxy = paint_light(SIZE, *middle, np.array([2e4]), 7 * FWHM["g"])
    measured = measure_one(paint_bright(painted, galaxy), *middle)
    assert not measured.has(Flag.SATURATED)[0, 0]
    assert measured.concentration[0, 0] > 0.4
    assert measured.concentration[0, 0] > 10 * measured.concentration_err[0, 0]


def test_few_stars_leave_a_poor_psf() -> None:
    light = paint_light(SIZE, np.array([200.0]), np.array([300.0]), np.array([1.0]), 3.0)
    measured = measure_one(expose("g", light), np.array([200.0]), np.array([300.0]))
    assert measured.has(Flag.POOR_PSF).all()
    np.testing.assert_allclose(measured.psf_fwhm, 1.3, rtol=0.01)


@pytest.mark.parametrize("arcsec", [0.87, 2.0])
def test_a_single_star_shows_how_wide_a_poor_psf_is(arcsec: float) -> None:
    place = np.array([200.0]), np.array([300.0])
    light = paint_light(SIZE, *place, np.array([50.0]), arcsec / SCALE)
    measured = measure_one(expose("g", light), *place)
    assert measured.has(Flag.POOR_PSF).all()
    np.testing.assert_allclose(measured.psf_fwhm, arcsec, rtol=0.05)
    np.testing.assert_allclose(measured.psf_flux[0], 50.0, rtol=0.05)


def test_sources_of_different_widths_show_no_psf() -> None:
    rows, columns = np.array([150.0, 300.0, 450.0]), np.array([300.0, 320.0, 280.0])
    light = np.zeros((SIZE, SIZE))
    for row, column, width in zip(rows, columns, (2.4, 5.0, 11.0), strict=True):
        light += paint_light(SIZE, row[None], column[None], np.array([80.0]), width)
    measured = measure_one(expose("g", light), rows, columns)
    assert measured.has(Flag.POOR_PSF).all()
    np.testing.assert_allclose(measured.psf_fwhm, 2.4 * SCALE, rtol=0.1)
