"""The value `Survey` and its parts: what they accept, and how objects are grouped."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skyclass.errors import SurveyError
from skyclass.surveys.panstarrs.survey import PANSTARRS
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.survey import SDSS
from skyclass.surveys.survey import Band, Unit


def test_the_magnitude_of_no_flux_is_that_of_the_tables() -> None:
    # Stoughton et al. 2002, table 21
    assert [band.zero_flux for band in SDSS.bands] == [24.63, 25.11, 24.80, 24.36, 22.83]
    assert {band.zero_flux for band in PANSTARRS.bands} == {None}


def test_pixels_in_nanomaggies() -> None:
    assert Band("g", 4770.0, zero_point=25.0).nanomaggies == pytest.approx(0.1)
    assert SDSS.get_band("r").nanomaggies == 1
    with pytest.raises(SurveyError, match="band r has no zero point"):
        _ = PANSTARRS.get_band("r").nanomaggies


@pytest.mark.parametrize("name", ["", "rr", "1", "/"])
def test_names_that_no_band_has(name: str) -> None:
    with pytest.raises(SurveyError, match="must be one letter"):
        Band(name, 5000.0)


@pytest.mark.parametrize("key", [(), ("",), ("../x",), ("a/b",), ("-x",), (".", "x" * 200)])
def test_keys_that_are_no_file_name(key: tuple[str, ...]) -> None:
    with pytest.raises(SurveyError, match="cannot name a unit of files"):
        Unit(key)


def test_units_are_sorted_and_told_apart() -> None:
    units = [Field(301, 94, 3, 12), Field(301, 94, 3, 9), Field(301, 93, 6, 100)]
    assert [str(unit) for unit in sorted(units)] == ["301-93-6-100", "301-94-3-9", "301-94-3-12"]
    assert len({*units, Field(301, 94, 3, 12)}) == 3
    assert Field.from_unit(Unit((301, 94, 3, 12))) == units[0]
    assert SDSS.name_unit({"rerun": 301, "run": 94, "camcol": 3, "field": 12}) == units[0]
    with pytest.raises(SurveyError, match="field 301-94-7-12 does not exist"):
        Field(301, 94, 7, 12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Big Survey"}, "must be like 'sdss', got 'Big Survey'"),
        ({"bands": SDSS.bands[::-1]}, "bands must be in the order of wavelength"),
        ({"bands": SDSS.bands[:1] * 2}, "bands of different names"),
        ({"bands": ()}, "bands of different names"),
        ({"detection_band": "y"}, r"no detection band 'y' \(it has u, g, r, i, z\)"),
        ({"pixel_scale": 0.0}, "pixel_scale must be above 0"),
    ],
)
def test_surveys_that_contradict_themselves(change: dict[str, object], message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        replace(SDSS, **change)


def test_an_unknown_band() -> None:
    with pytest.raises(SurveyError, match=r"no band 'y' \(it has u, g, r, i, z\)"):
        SDSS.get_band("y")


def test_objects_by_field_tile_or_alone() -> None:
    table = pd.DataFrame(
        {
            "objid": pd.array([5, None, 7], "UInt64"),
            "ra": [10.0, 20.0, 30.0],
            "dec": [1.0, -1.0, 0.0],
            "rerun": 301,
            "run": [94, 93, 94],
            "camcol": np.int64(3),
            "field": 12,
            "tile": ["0012", "0003", "0012"],
        }
    )
    fields = [(str(unit), list(rows["ra"])) for unit, rows in SDSS.group_objects(table)]
    assert fields == [("301-93-3-12", [20.0]), ("301-94-3-12", [10.0, 30.0])]
    tiles = replace(SDSS, key=("tile",), text_key=True, make_unit=Unit)
    assert [str(unit) for unit, _ in tiles.group_objects(table)] == ["0003", "0012"]
    alone = [str(unit) for unit, _ in PANSTARRS.group_objects(table)]
    assert alone == ["5", "J012000.00-010000.0", "7"]
    twice = PANSTARRS.group_objects(table.assign(objid=pd.array([5, 7, 5], "UInt64")))
    assert [(str(unit), list(rows["ra"])) for unit, rows in twice] == [
        ("5", [10.0, 30.0]),
        ("7", [20.0]),
    ]


def test_positions_outside_the_footprint() -> None:
    ra, dec = np.array([0.0, 180.0, 359.9]), np.array([-30.1, -30.0, 90.0])
    assert PANSTARRS.covers(ra, dec).tolist() == [False, True, True]
    anywhere = replace(PANSTARRS, footprint=None)
    assert anywhere.covers(ra, dec).all()
