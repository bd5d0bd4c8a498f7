"""The wide sky against what is known of stars, quasars and the survey's photometry."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulation.conftest import Simulated
from skyclass.simulation.camera import draw_psfs, make_camera
from skyclass.simulation.population import Block, draw_block
from skyclass.simulation.quasars import draw_quasars
from skyclass.simulation.simulated_catalog import make_field_catalog, weigh_by_drawing
from skyclass.simulation.sky import SKIES, Populations, Sky
from skyclass.simulation.stars import CLASSES, draw_stars
from skyclass.simulation.strip import make_strip
from skyclass.surveys.sdss.layout import BANDS

REAL = SKIES["real"]
STARS = REAL.populations
assert STARS is not None
QUIET = replace(STARS, label_scatter=0.0, wrong_labels=0.0, giants=(0.0,) * 7, binaries=(0.0,) * 7)


def draw_colours(letter: str, populations: Populations, r: float = 17.0, n: int = 6000):
    rng, zeros = np.random.default_rng(3), np.zeros(n)
    classes = np.full(n, CLASSES.index(letter))
    stars = draw_stars(rng, classes, np.full(n, r), (zeros, zeros), populations)
    assert np.allclose(stars.magnitudes[:, 2], r)
    return -np.diff(stars.magnitudes, axis=1).T


def make_block(sky: Sky, task: str = "spectral-class", number: int = 0) -> Block:
    return draw_block(1, task, 100, make_strip(1, number), 0, sky)


def make_catalog(sky: Sky, block: Block) -> pd.DataFrame:
    strip = make_strip(1, 0)
    cameras = make_camera(1, strip.run, strip.camcol)
    return make_field_catalog(1, strip, 0, cameras, block, sky, weigh_by_drawing)


def test_seeing_covers_the_range_of_the_survey_and_joins_at_borders() -> None:
    rng = np.random.default_rng(1)
    fwhm = []
    for number in range(20):
        strip = make_strip(1, number)
        here, there = (draw_psfs(rng, 1, strip, i, REAL) for i in (0, 1))
        assert [p.fwhm[1] for p in here] == [p.fwhm[0] for p in there]
        assert [p.beta for p in here] == [p.beta for p in there]
        fwhm.append([p.fwhm[0] for p in here])
    assert 0.8 <= np.min(fwhm) < 0.95
    assert 1.7 < np.max(fwhm) <= 2.0
    assert 1.0 < np.median(np.array(fwhm)[:, 2]) < 1.4


def test_zero_points_err_by_field_and_band() -> None:
    exact = replace(REAL, zero_point=(0.0,) * 5)
    differences = []
    for number in range(30):
        one, other = make_block(REAL, number=number), make_block(exact, number=number)
        difference = one.sources.magnitudes - other.sources.magnitudes
        assert np.ptp(difference, axis=0).max() < 1e-9
        differences.append(difference[0])
    scatter = np.std(differences, axis=0)
    assert scatter == pytest.approx([0.02, 0.01, 0.01, 0.01, 0.01], rel=0.4)


def test_halo_stars_have_the_photometric_metallicity_of_the_halo() -> None:
    """Bond et al. (2010) give [Fe/H] of F and G stars as a polynomial in u-g and g-r."""
    medians = {}
    for name, share in (("disc", 0.0), ("halo", 1.0)):
        u_g, g_r, _, _ = draw_colours("F", replace(QUIET, halo=(share, 0.0, 1.0)))
        use = (g_r > 0.3) & (g_r < 0.38)
        x, y = np.median(u_g[use]), np.median(g_r[use])
        medians[name] = (
            (-13.13 + 14.09 * x + 28.04 * y - 5.51 * x * y - 5.90 * x**2 - 58.68 * y**2)
            + (9.14 * x**2 * y - 20.61 * x * y**2 + 58.20 * y**3)
        )  # fmt: skip
    assert medians["disc"] == pytest.approx(-0.6, abs=0.25)
    assert medians["halo"] == pytest.approx(-1.46, abs=0.25)


def test_turn_off_stars_have_the_colours_of_real_ones(data: Path) -> None:
    from astropy.table import Table

    table = Table.read(data / "sdss/calibObj-004510-4-star.fits.gz")
    flux = np.clip(np.asarray(table["PSFFLUX"]), 1e-3, None)
    magnitude = 22.5 - 2.5 * np.log10(flux) - np.asarray(table["EXTINCTION"])
    u_g, g_r, r_i, _ = -np.diff(magnitude, axis=1).T
    real = (np.abs(magnitude[:, 2] - 17.0) < 2.0) & (np.abs(g_r + r_i - 0.35) < 0.15)
    ours = draw_colours("F", STARS)
    chosen = np.abs(ours[1] + ours[2] - 0.35) < 0.15
    assert np.median(ours[0][chosen]) == pytest.approx(np.median(u_g[real]), abs=0.06)


def test_horizontal_branch_stars_have_redder_u_g_than_dwarfs() -> None:
    branch, dwarfs = (
        draw_colours("A", replace(QUIET, horizontal_branch=share))[0] for share in (1.0, 0.0)
    )
    assert np.median(branch) - np.median(dwarfs) == pytest.approx(0.12, abs=0.02)


def test_labels_scatter_about_colours_and_some_are_wrong_on_purpose() -> None:
    exact = replace(QUIET, halo=(0.0, 0.0, 0.0))
    for letter, limit in (("G", 0.49), ("G", 0.80)):
        crossing = {}
        for scatter in (0.0, 1.0):
            _, g_r, r_i, _ = draw_colours(letter, replace(exact, label_scatter=scatter))
            crossing[scatter] = ((g_r + r_i > limit) == (limit == 0.80)).mean()
        assert crossing[1.0] > crossing[0.0] + 0.015
    u_g = {s: draw_colours("A", replace(exact, wrong_labels=s))[0] for s in (0.0, 0.5)}
    assert (u_g[0.5] < 0.7).mean() - (u_g[0.0] < 0.7).mean() == pytest.approx(0.5, abs=0.03)


def test_white_dwarfs_lie_below_the_main_sequence(data: Path) -> None:
    table = pd.read_csv(data / "labelled/stars_spectroscopic.csv")
    real = table[table["subclass"].astype(str).str.startswith("WD")]
    flux = real[[f"psfflux_{b}" for b in BANDS]].groupby(real["key"]).median().to_numpy()
    drawn = draw_colours("A", replace(QUIET, wrong_labels=1.0, hot_subdwarfs=0.0))
    for u_g, g_r, *_ in -np.diff(-2.5 * np.log10(flux), axis=1):
        near = np.abs(drawn[1] - g_r) < 0.05
        assert np.median(drawn[0][near]) == pytest.approx(u_g, abs=0.12)


def test_companions_redden_hot_stars_and_leave_r() -> None:
    single, double = (draw_colours("F", replace(QUIET, binaries=(s,) * 7)) for s in (0.0, 1.0))
    assert np.mean(double[3] - single[3]) > 0.005
    assert (double[3] - single[3] > 0.3).mean() < 0.01


def test_distant_quasars_have_the_colours_of_real_ones(data: Path) -> None:
    table = pd.read_csv(data / "labelled/quasars_spectroscopic.csv")
    rng, zeros = np.random.default_rng(5), np.zeros(20_000)
    drawn = draw_quasars(rng, zeros + 20.0, (zeros, zeros), REAL.quasar_colours)
    assert drawn.redshift.max() == pytest.approx(5.1, abs=0.05)
    ours = -np.diff(drawn.magnitudes, axis=1)
    magnitude = np.stack([table[f"psfMag_{b}"] - table[f"extinction_{b}"] for b in BANDS], axis=-1)
    real = -np.diff(magnitude, axis=1)
    for low in (2.8, 3.3, 3.8, 4.3):
        in_bin = [(z >= low) & (z < low + 0.5) for z in (drawn.redshift, table["redshift"])]
        expected = np.median(real[in_bin[1]], axis=0)
        # u is mostly no detection beyond 3.3
        assert np.median(ours[in_bin[0]], axis=0)[1:] == pytest.approx(expected[1:], abs=0.25)
    near = (drawn.redshift > 2.8) & (drawn.redshift < 3.2)
    u_g = np.median(real[(table["redshift"] > 2.8) & (table["redshift"] < 3.2), 0])
    assert np.median(ours[near, 0]) == pytest.approx(u_g, abs=0.3)


def test_a_close_neighbour_adds_its_light_to_the_catalogue() -> None:
    block = make_block(REAL)
    quiet = replace(REAL, photometry_floor=(0.0,) * 5)
    alone = make_catalog(replace(quiet, deblending=0.0), block)
    faint = int(np.argmax(block.sources.magnitudes[:100, 2]))
    sources = deepcopy(block.sources)
    sources.row[-1] = sources.row[faint] + 0.2
    sources.column[-1] = sources.column[faint]
    sources.magnitudes[-1] = sources.magnitudes[faint]
    changed = make_catalog(quiet, replace(block, sources=sources))
    brighter = alone["psfMag_r"] - changed["psfMag_r"]
    assert brighter[faint] == pytest.approx(0.75, abs=0.1)
    assert np.median(np.abs(brighter.drop(faint))) < 0.005


def test_bright_stars_scatter_by_the_floor_of_a_pipeline() -> None:
    block = make_block(REAL)
    quiet = replace(REAL, deblending=0.0)
    exact = make_catalog(replace(quiet, photometry_floor=(0.0,) * 5), block)
    ours = make_catalog(quiet, block)
    for band, floor in zip(BANDS, REAL.photometry_floor, strict=True):
        bright = exact[f"psfMagErr_{band}"] < 0.05
        scatter = (ours[f"psfMag_{band}"] - exact[f"psfMag_{band}"])[bright].std()
        assert scatter == pytest.approx(floor, rel=0.35)


def test_the_frames_hold_what_the_catalogue_says(wide: Simulated) -> None:
    import sep

    from simulation.test_simulated_catalog import first_field, isolated, nanomaggies, pixels

    rows, image = first_field(wide), wide.image("r", 0)
    x, y = pixels(wide, "r", rows)
    flux, _, _ = sep.sum_circle(image, x, y, 18.6)
    expected = nanomaggies(rows["psfMag_r"], "r").to_numpy()
    use = (rows["class"] == "STAR") & rows["psfMag_r"].between(14.6, 17.5) & isolated(wide, rows)
    assert use.sum() > 8
    assert np.median((flux / expected)[use]) == pytest.approx(1.0, abs=0.012)
    assert (rows["redshift"] > 3.0).any()
