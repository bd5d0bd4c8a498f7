"""The catalogue against the frames, and against what is known of the sky."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sep
from astropy.wcs import WCS, FITSFixedWarning

from simulation.conftest import Simulated
from skyclass.surveys.sdss.layout import BANDS

ZERO_FLUX = {"u": 24.63, "g": 25.11, "r": 24.80, "i": 24.36, "z": 22.83}
SOFTENING = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}


def pixels(simulated: Simulated, band: str, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(simulated.header(band, 0))
    x, y = wcs.all_world2pix(rows["ra"], rows["dec"], 0)
    return x, y


def nanomaggies(magnitude: pd.Series, band: str) -> pd.Series:
    b = SOFTENING[band]
    return 2e9 * b * np.sinh(-magnitude * np.log(10) / 2.5 - np.log(b))


def first_field(simulated: Simulated) -> pd.DataFrame:
    table = simulated.catalog
    return table[table["field"] == 100]


def isolated(simulated: Simulated, rows: pd.DataFrame) -> np.ndarray:
    """Tell which objects have no other detection in r within 25 pixels, and no edge near."""
    image = simulated.image("r", 0)
    found = sep.extract(image, 0.1)
    x, y = pixels(simulated, "r", rows)
    distance = np.hypot(x[:, None] - found["x"], y[:, None] - found["y"])
    return ((distance < 25).sum(axis=1) <= 1) & (x > 30) & (x < 2017)


@pytest.mark.parametrize("band", BANDS)
def test_aperture_fluxes_agree_with_magnitudes(survey: Simulated, band: str) -> None:
    rows, image = first_field(survey), survey.image(band, 0)
    x, y = pixels(survey, band, rows)
    flux, _, _ = sep.sum_circle(image, x, y, 12.0)
    expected = nanomaggies(rows[f"psfMag_{band}"], band).to_numpy()
    bright = (rows[f"psfMagErr_{band}"] < 0.03) & (rows["psfMag_r"] > 14.6)
    use = bright.to_numpy() & isolated(survey, rows)
    assert use.sum() > 20
    assert np.median(flux[use] / expected[use]) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("band", BANDS)
def test_objects_are_where_the_catalogue_says(survey: Simulated, band: str) -> None:
    rows, image = first_field(survey), survey.image(band, 0)
    x, y = pixels(survey, band, rows)
    use = (rows[f"psfMagErr_{band}"] < 0.02).to_numpy() & isolated(survey, rows)
    measured_x, measured_y, _ = sep.winpos(image, x[use], y[use], np.full(use.sum(), 1.4))
    assert np.median(np.hypot(measured_x - x[use], measured_y - y[use])) < 0.03


def test_magnitude_errors_are_those_of_the_pixels(survey: Simulated) -> None:
    """A matched filter on the frame scatters as the catalogue's errors say."""
    rows, image = first_field(survey), survey.image("g", 0)
    x, y = pixels(survey, "g", rows)
    faint = (rows["psfMag_g"] > 19.5).to_numpy() & isolated(survey, rows)
    flux, _, _ = sep.sum_circle(image, x[faint], y[faint], 4.0)
    total = nanomaggies(rows["psfMag_g"], "g").to_numpy()[faint]
    scatter = 1.48 * np.median(np.abs(flux / total / np.median(flux / total) - 1.0))
    error = np.median(rows["psfMagErr_g"].to_numpy()[faint]) / 1.086
    # the catalogue's own error is in the ratio as well
    assert 0.8 * error < scatter < 2.5 * error


def test_faintest_magnitudes_are_asinh(survey: Simulated) -> None:
    for band in BANDS:
        assert survey.catalog[f"psfMag_{band}"].between(10, ZERO_FLUX[band] + 2.5).all()


def test_subtypes_have_the_colours_of_the_library(data: Path) -> None:
    """Dereddened colours without photometric error, against the table of synthetic colours."""
    from skyclass.simulation.stars import CLASSES, draw_star_colours

    table = pd.read_csv(data / "photometry/pickles_sdss_colours.csv")
    dwarfs = table[(table["metallicity"] == "solar") & (table["luminosity"] == "V")]
    rng = np.random.default_rng(1)
    for star in dwarfs.itertuples():
        scale = 10.0 * CLASSES.index(star.cls) + star.subtype
        drawn = draw_star_colours(rng, np.full(4000, scale))
        expected = [star.u_g, star.g_r, star.r_i, star.i_z]
        assert drawn.mean(axis=0) == pytest.approx(expected, abs=0.01)


def test_catalogued_colours_follow_the_library(survey: Simulated, data: Path) -> None:
    """The written magnitudes, less the extinction that the catalogue states."""
    table = pd.read_csv(data / "photometry/pickles_sdss_colours.csv")
    dwarfs = table[(table["metallicity"] == "solar") & (table["luminosity"] == "V")]
    classes = {c: dwarfs[dwarfs["cls"] == c]["g_i"] for c in "BAFGK"}
    rows = survey.catalog
    rows = rows[rows["psfMagErr_g"] < 0.05]
    true = {b: rows[f"psfMag_{b}"] - rows[f"extinction_{b}"] for b in "gi"}
    colour = true["g"] - true["i"]
    for name, g_i in classes.items():
        mine = colour[rows["subclass"].str.startswith(name)]
        assert g_i.min() - 0.1 < mine.median() < g_i.max() + 0.1


def test_colours_have_no_jump_between_classes() -> None:
    from skyclass.simulation.colour_tables import COLOURS, interpolate_table

    scale = np.arange(5.0, 69.0, 0.1)
    steps = np.abs(np.diff(interpolate_table("dwarf_colours", "scale", scale, COLOURS), axis=0))
    assert steps.max() < 0.05


def test_scatter_is_that_of_the_locus(data: Path) -> None:
    """With photometric errors of 0.02 mag put back, at the g-i of G and K stars."""
    from skyclass.simulation.stars import draw_star_colours

    lines = (data / "photometry/medianlocus.tbl").read_text().splitlines()
    locus = np.array([[float(v) for v in x.split()[:10]] for x in lines if x[:1].isdigit()])
    rng = np.random.default_rng(2)
    for scale in (45.0, 52.0, 57.0):
        colours = draw_star_colours(rng, np.full(4000, scale))
        g_i = (colours[:, 1] + colours[:, 2]).mean()
        near = np.abs(locus[:, 0] - g_i) < 0.1
        u_g, g_r, _, i_z = np.median(locus[near][:, [3, 5, 7, 9]], axis=0)
        spread = np.hypot(colours.std(axis=0), [0.03, 0.02, 0.02, 0.03])
        assert spread[[0, 1, 3]] == pytest.approx([u_g, g_r, i_z], abs=0.015)


def test_classes_are_mixed_as_stated(survey: Simulated) -> None:
    counts = survey.catalog["subclass"].str[0].value_counts()
    assert set(counts.index) == set("OBAFGKM")
    assert counts.drop("O").max() - counts.drop("O").min() <= 3
    assert counts["O"] / counts["G"] == pytest.approx(0.36, abs=0.04)
    assert survey.catalog["subclass"].str.fullmatch(r"[OBAFGKM]\dV").all()


def test_magnitudes_fall_as_on_the_sky(survey: Simulated) -> None:
    table = survey.catalog
    r = table["psfMag_r"] - table["extinction_r"]
    assert r.between(13.95, 20.7).all()
    # 10 ** (0.162 * 3) times as many in a bin three magnitudes fainter
    ratio = r.between(18.5, 20.4).sum() / r.between(15.5, 17.4).sum()
    assert ratio == pytest.approx(3.06, rel=0.35)


def test_objects_lie_in_the_primary_part_of_their_field(survey: Simulated) -> None:
    _, y = pixels(survey, "r", first_field(survey))
    assert y.min() >= 63.99
    assert y.max() <= 1425.01


def test_ids_are_exact_and_tell_the_field(survey: Simulated) -> None:
    table = survey.catalog
    assert table["objid"].is_unique
    assert table["specobjid"].is_unique
    for row in table.iloc[[0, -1]].itertuples():
        objid, specobjid = int(row.objid), int(row.specobjid)
        assert (objid >> 48) & 0x7FF == row.rerun
        assert (objid >> 32) & 0xFFFF == row.run
        assert (objid >> 29) & 7 == row.camcol
        assert (objid >> 16) & 0xFFF == row.field
        assert specobjid >> 50 == row.plate
        assert (specobjid >> 38) & 0xFFF == row.fiberid
        assert ((specobjid >> 24) & 0x3FFF) + 50_000 == row.mjd
    assert any(int(i) >= 2**63 for i in table["specobjid"])


def test_extinction_is_modest_and_has_the_survey_coefficients(survey: Simulated) -> None:
    table = survey.catalog
    assert table["extinction_r"].between(0.05, 0.15).all()
    assert np.allclose(table["extinction_u"] / table["extinction_r"], 5.155 / 2.751, atol=1e-3)


def test_object_types_are_mixed_as_stated(mixed: Simulated) -> None:
    share = mixed.catalog["class"].value_counts(normalize=True)
    assert share["STAR"] == pytest.approx(0.4, abs=0.02)
    assert share["GALAXY"] == pytest.approx(0.4, abs=0.02)
    assert share["QSO"] == pytest.approx(0.2, abs=0.02)
    assert (mixed.catalog["subclass"] == "").eq(mixed.catalog["class"] != "STAR").all()


def test_galaxies_are_wider_than_stars(mixed: Simulated) -> None:
    rows, image = mixed.catalog, mixed.image("r", 0)
    x, y = pixels(mixed, "r", rows)
    use = rows["psfMag_r"].between(15, 19.5).to_numpy() & isolated(mixed, rows)
    radius, flag = sep.flux_radius(image, x, y, np.full(len(x), 15.0), 0.5)
    good = use & (flag == 0)
    kinds = rows["class"].to_numpy()
    star, galaxy, quasar = (np.median(radius[good & (kinds == k)]) for k in rows["class"].unique())
    assert galaxy > 1.3 * star
    assert quasar == pytest.approx(star, rel=0.1)
    concentration = rows["psfMag_r"] - rows["cModelMag_r"]
    assert (concentration[kinds == "GALAXY"] > 0.145).mean() > 0.9
    assert (concentration[kinds == "STAR"] < 0.145).mean() > 0.95


def test_galaxy_light_is_all_there(mixed: Simulated) -> None:
    rows, image = mixed.catalog, mixed.image("r", 0)
    x, y = pixels(mixed, "r", rows)
    use = (rows["class"] == "GALAXY") & (rows["cModelMag_r"] < 18.5)
    chosen = use.to_numpy() & isolated(mixed, rows)
    flux, _, _ = sep.sum_circle(image, x, y, 22.0)
    ratio = flux[chosen] / nanomaggies(rows["cModelMag_r"], "r").to_numpy()[chosen]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.03)


def test_quasar_colours_move_with_redshift() -> None:
    from skyclass.simulation.quasars import draw_quasars

    rng = np.random.default_rng(5)
    zeros = np.zeros(4000)
    drawn = draw_quasars(rng, np.full(4000, 19.0), (zeros, zeros))
    u_g = drawn.magnitudes[:, 0] - drawn.magnitudes[:, 1]
    low = u_g[(drawn.redshift > 1.2) & (drawn.redshift < 1.5)].mean()
    high = u_g[(drawn.redshift > 2.4) & (drawn.redshift < 2.7)].mean()
    assert high - low > 0.3


def test_psf_width_varies_by_band(survey: Simulated) -> None:
    widths = {}
    for band in BANDS:
        rows, image = first_field(survey), survey.image(band, 0)
        x, y = pixels(survey, band, rows)
        bright = rows[f"psfMag_{band}"].between(15.5, 18).to_numpy()
        use = bright & isolated(survey, rows)
        radius, _ = sep.flux_radius(image, x[use], y[use], np.full(use.sum(), 15.0), 0.5)
        # half-light radius of a Moffat profile with beta 3.5 over its FWHM
        widths[band] = float(np.median(radius)) * 0.396 / 0.6147
    assert all(1.05 < width < 1.65 for width in widths.values()), widths
    assert widths["u"] > 1.1 * widths["i"]


def test_calibration_vector_is_near_one_value(survey: Simulated) -> None:
    vector = survey.hdus("r", 0)[1].data
    assert np.ptp(vector) / vector.mean() < 0.03
