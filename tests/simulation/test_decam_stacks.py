"""Stacks drawn of a simulated sky: their noise, PSF and colours against the published figures."""

import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS

from skyclass.mock_archive.mosaic import SkyArea
from skyclass.simulation import decam_stacks
from skyclass.simulation.decam_stacks import DEPTH, FWHM, DecamStacks
from skyclass.simulation.population import draw_block
from skyclass.simulation.simulation_settings import SimulationSettings
from skyclass.simulation.sky import get_sky
from skyclass.simulation.strip import make_strip

pytest.importorskip("galsim")

SETTINGS = SimulationSettings(1, "spectral-class", 3, 20, "plain")
SIDE = 128


def area_at(ra: float, dec: float, side: int = SIDE) -> WCS:
    return SkyArea(ra, dec, 0.262, side, side).wcs


@pytest.fixture(scope="module")
def stars() -> pd.DataFrame:
    """The labelled stars of the only field, as they are: no error, no extinction."""
    strip = make_strip(SETTINGS.seed, 0)
    block = draw_block(SETTINGS.seed, SETTINGS.task, 20, strip, 0, get_sky("plain"))
    table = pd.DataFrame(block.sources.magnitudes[:20], columns=list("ugriz"))
    return table.assign(ra=block.ra[:20], dec=block.dec[:20])


def test_noise_is_that_of_the_depth(stars: pd.DataFrame) -> None:
    stacks = DecamStacks(SETTINGS)
    star = stars.iloc[stars["r"].argmax()]
    cut = stacks.cut(area_at(star.ra, star.dec), (SIDE, SIDE), "griz")
    assert cut is not None
    y, x = np.mgrid[-60:61, -60:61] * 0.262
    for number, band in enumerate("griz"):
        # a point source at the limit: 5 = F * sqrt(sum of the squared PSF) / noise
        scale = FWHM[band] / 2 / np.sqrt(2 ** (1 / 3) - 1)
        psf = (1 + (x**2 + y**2) / scale**2) ** -3
        psf /= psf.sum()
        limit = 10 ** (0.4 * (22.5 - DEPTH[band]))
        noise = limit * np.sqrt((psf**2).sum()) / 5
        flux, weight = cut[0][number], cut[1][number]
        np.testing.assert_allclose(weight, noise**-2, rtol=0.01)
        empty = flux[np.abs(flux) < 4 * noise]
        assert np.std(empty) == pytest.approx(noise, rel=0.1)


def test_flux_and_width_of_a_star(stars: pd.DataFrame) -> None:
    stacks = DecamStacks(SETTINGS)
    bright = stars[(stars["r"] > 16.5) & (stars["r"] < 18.5)]
    apart = bright.iloc[0]
    flux, weight = stacks.cut(area_at(apart.ra, apart.dec), (SIDE, SIDE), "griz")
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    near = np.hypot(x, y) < 20
    # Abbott et al. 2021: the magnitudes of DES from those of SDSS
    gi, ri = apart.g - apart.i, apart.r - apart.i
    expected = {
        "g": apart.g - 0.061 * gi + 0.008,
        "r": apart.r - 0.155 * ri - 0.007,
        "i": apart.i - 0.166 * ri + 0.032,
        "z": apart.z - 0.056 * ri + 0.027,
    }
    assert (weight > 0).all()
    for number, band in enumerate("griz"):
        light = flux[number][near].sum()
        # neighbours in the aperture and its noise leave a few per cent
        assert 22.5 - 2.5 * np.log10(light) == pytest.approx(expected[band], abs=0.05)
        # of a Moffat profile of slope 3, the light within a radius of 6 pixels
        scale = FWHM[band] / 2 / np.sqrt(2 ** (1 / 3) - 1)
        share = 1 - (1 + (6 * 0.262 / scale) ** 2) ** -2
        inner = flux[number][np.hypot(x, y) < 6].sum() / 10 ** (0.4 * (22.5 - expected[band]))
        assert inner == pytest.approx(share, abs=0.03)


def test_saturated_cores_have_no_weight(stars: pd.DataFrame) -> None:
    stacks = DecamStacks(SETTINGS)
    brightest = stars.iloc[stars["r"].argmin()]
    assert brightest.r < 15.5
    flux, weight = stacks.cut(area_at(brightest.ra, brightest.dec, 63), (63, 63), "r")
    core = weight == 0
    assert core[0, 31, 31]
    assert (flux[core] == 10).all()
    assert core.sum() < 50
    # a pixel of an exposure of 67 s holds 120,000 electrons (26.818: one electron a second)
    full = 120_000 / (67 * 10 ** (0.4 * (26.818 - 22.5)))
    assert flux[~core].max() == pytest.approx(full, rel=0.15)


def test_the_same_request_has_the_same_answer(stars: pd.DataFrame) -> None:
    wcs = area_at(stars.ra[0], stars.dec[0], 32)
    first, again = (DecamStacks(SETTINGS).cut(wcs, (32, 32), "gz") for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_outside_the_fields(stars: pd.DataFrame) -> None:
    stacks = DecamStacks(SETTINGS)
    assert stacks.cut(area_at(stars.ra[0] + 20, stars.dec[0]), (32, 32), "g") is None
    wcs = make_strip(SETTINGS.seed, 0).make_wcs(0, 2)
    corner = wcs.all_pix2world(0.0, 0.0, 0)
    flux, weight = stacks.cut(area_at(*map(float, corner), 64), (64, 64), "r")
    outside = weight == 0
    assert 0.6 < outside.mean() < 0.9
    assert not flux[0, outside[0]].any()


def test_galaxies_keep_their_orientation_on_the_sky() -> None:
    wcs = make_strip(SETTINGS.seed, 0).make_wcs(0, 2)
    angle = np.array([0.0, 0.7, 2.0])
    turned = decam_stacks._turn(angle, wcs)
    start = np.array(wcs.all_pix2world(1000.0, 700.0, 0))
    for before, after in zip(angle, turned, strict=True):
        tip = wcs.all_pix2world(1000.0 + 20 * np.cos(before), 700.0 + 20 * np.sin(before), 0)
        east, north = (np.array(tip) - start) * [np.cos(np.radians(start[1])), 1.0]
        # a picture with north up has east on the left
        assert np.cos(after - np.arctan2(north, -east)) == pytest.approx(1.0, abs=1e-3)
