"""Bands of one survey in place of another's: refused, near enough, or converted."""

import re
from pathlib import Path

import numpy as np
import pytest

from skyclass.errors import SurveyError
from skyclass.surveys.colour_terms import find_colour_term
from skyclass.surveys.match_bands import match_bands


def test_a_survey_matches_itself() -> None:
    matches = match_bands("sdss", "sdss")
    assert [match.band for match in matches.bands] == list("ugriz")
    flux = np.array([[1.0, 2.0, 3.0, 4.0, -1.0]])
    np.testing.assert_array_equal(matches.compute_factors(flux), np.ones((1, 5)))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("legacysurveys", "sdss", r"legacysurveys has no band u .* \(it has g, r, i, z\)"),
        ("sdss", "legacysurveys", r"band g of sdss differs .* up to 0\.17 mag .* colour_terms"),
        ("sdss", "panstarrs", "no colour term is known .* 4686 and 4810 Angstrom"),
    ],
)
def test_bands_that_do_not_stand_for_others(first: str, second: str, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        match_bands(first, second)


def test_bands_that_are_asked_for() -> None:
    matches = match_bands("legacysurveys", "sdss", "rz", colour_terms=True)
    assert [match.band for match in matches.bands] == ["r", "z"]
    near = match_bands("sdss", "legacysurveys", "z", limit=0.1)
    assert near.bands[0].term is None
    with pytest.raises(SurveyError, match="no band 'q'"):
        match_bands("sdss", "legacysurveys", "q")


def test_published_formula_of_panstarrs() -> None:
    # https://www.legacysurvey.org/dr10/description/#photometry, for g - i = 1
    magnitudes = np.array([[20.0, 19.4, 19.0, 18.9, 18.8]])
    flux = 10 ** (-0.4 * (magnitudes - 22.5))
    factors = match_bands("panstarrs", "legacysurveys", colour_terms=True).compute_factors(flux)
    differences = [
        0.00062 + 0.03604 + 0.01028 - 0.00613,
        0.00495 - 0.08435 + 0.03222 - 0.01140,
        0.00904 - 0.04171 + 0.00566 - 0.00829,
        0.02583 - 0.07690 + 0.02824 - 0.00898,
    ]
    np.testing.assert_allclose(-2.5 * np.log10(factors[0]), differences, atol=1e-12)
    no_light = flux * [1, 1, -1, 1, 1]
    unknown = match_bands("panstarrs", "legacysurveys", colour_terms=True)
    assert np.isnan(unknown.compute_factors(no_light)).all()


def test_outside_the_limits_of_a_term_there_is_no_factor() -> None:
    colour = np.array([0.39, 0.41, 2.69, 2.71])
    flux = np.ones((4, 5)) * 10 ** (-0.4 * np.column_stack([colour, *[np.zeros(4)] * 4]))
    matches = match_bands("panstarrs", "legacysurveys", "gz", colour_terms=True)
    known = np.isfinite(matches.compute_factors(flux))
    np.testing.assert_array_equal(known, np.array([[0, 1, 1, 0]] * 2).T)
    assert {(match.colour, match.limits) for match in matches.bands} == {("gi", (0.4, 2.7))}
    (near,) = match_bands("panstarrs", "legacysurveys", "g", limit=0.1).bands
    assert (near.limits, near.term) == ((0.4, 2.7), None)
    # stars from A to M5 are all within the terms of DES
    (sdss,) = match_bands("sdss", "legacysurveys", "r", colour_terms=True).bands
    assert (sdss.colour, sdss.limits) == ("ri", (-0.2, 1.6))


def test_there_and_back_along_the_stellar_locus(real_data: Path) -> None:
    """The two directions were fitted independently of each other."""
    lines = (real_data / "photometry" / "medianlocus.tbl").read_text().splitlines()
    table = [line.split() for line in lines if re.match(r"[0-4]\.\d\d ", line)]
    g_i, r_i = (np.array([float(row[column]) for row in table]) for column in (0, 6))
    g_i, r_i = g_i[g_i < 3.0], r_i[g_i < 3.0]
    assert len(g_i) > 100
    sdss = {"g": g_i, "r": r_i, "i": np.zeros_like(g_i)}
    decam = {b: find_colour_term("sdss", "legacysurveys", b).convert(sdss) for b in "gri"}
    back = {b: find_colour_term("legacysurveys", "sdss", b).convert(decam) for b in "gri"}
    for band in "gri":
        assert np.abs(back[band] - sdss[band]).max() < 0.02
        assert np.abs(decam[band] - sdss[band]).max() > 0.1
