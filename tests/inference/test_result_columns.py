"""Columns of the answer: magnitudes and flags, and what every column means."""

import numpy as np
import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from skyclass.inference.result_columns import (
    RESULT_COLUMNS,
    find_result_column,
    format_flags,
    make_class_columns,
    make_flag_columns,
    make_magnitude_columns,
)
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.surveys.registry import get_survey


def make_measurement(flux: object, error: object, flags: object) -> Measurement:
    empty = np.zeros(np.shape(flux), np.float32)
    values = [np.asarray(flux, np.float32), np.asarray(error, np.float32), *[empty] * 5]
    return Measurement(*values, np.asarray(flags, np.int32))


def test_magnitudes_are_those_of_astropy() -> None:
    flux, error = [[1.0, 100.0], [-0.5, 0.0]], [[0.1, 1.0], [0.1, 0.1]]
    table = make_magnitude_columns(make_measurement(flux, error, np.zeros((2, 2))), "gr")
    assert list(table) == ["psf_mag_g", "psf_mag_r", "psf_mag_err_g", "psf_mag_err_r"]
    expected = (np.array(flux[0]) * 1e-9 * 3630.780547701013 * units.Jy).to(units.ABmag).value
    np.testing.assert_allclose(table.loc[0, ["psf_mag_g", "psf_mag_r"]], expected, atol=1e-6)
    assert table.loc[1].isna().all()
    # the error of a small change: that of the magnitude by differences
    step = 1e-3
    slope = 2.5 * np.log10((1 + step) / (1 - step)) / (2 * step)
    np.testing.assert_allclose(table["psf_mag_err_g"][0], 0.1 * slope, rtol=1e-5)


def test_flags_in_words_and_bits() -> None:
    flags = np.array([[0, 0, 0], [Flag.SATURATED, Flag.SATURATED | Flag.EDGE, 0]], np.int32)
    measurement = make_measurement(np.ones((2, 3)), np.ones((2, 3)), flags)
    assert format_flags(measurement, "gri") == ["", "edge:r saturated:gr"]
    table = make_flag_columns(measurement, "gri")
    assert list(table["flags"]) == ["", "edge:r saturated:gr"]
    assert list(table["flag_bits"]) == [0, 3]
    assert table["flag_bits"].dtype == np.int64


def test_a_class_says_that_no_spectrum_settled_it() -> None:
    shares = np.array([[0.2, 0.8], [np.nan, np.nan]])
    table = make_class_columns(shares, ("star", "galaxy"))
    assert list(table["class"].dropna()) == ["galaxy"]
    assert list(table["class_origin"].dropna()) == ["photometry"]
    assert table.loc[1, ["class", "class_origin"]].isna().all()


@pytest.mark.parametrize("column", RESULT_COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("survey", ["sdss", "panstarrs"])
def test_every_ucd_and_unit_is_a_standard_one(column: object, survey: str) -> None:
    assert isinstance(column, type(RESULT_COLUMNS[0]))
    for band in get_survey(survey).band_names:
        name = column.name.replace("<band>", band).replace("<class>", "star")
        meant = find_result_column(name, ("star",), get_survey(survey))
        assert meant is not None
        assert meant.name == name
        assert "<" not in meant.meaning
        assert check_ucd(meant.ucd, check_controlled_vocabulary=True, has_colon=False)
        if meant.unit not in {"", "nanomaggy"}:
            units.Unit(meant.unit, format="vounit")


def test_what_is_no_column_of_ours() -> None:
    survey = get_survey("sdss")
    assert find_result_column("psf_mag_err_r", (), survey).meaning.startswith("standard error")
    assert find_result_column("psf_mag_K", (), survey) is None
    assert find_result_column("p_star", ("galaxy",), survey) is None
    assert find_result_column("flux_g", (), None) is None
    assert find_result_column("run", (), survey).ucd == "meta.id;obs"
