"""Positions under any name, in any unit, as numbers or sexagesimal text."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord
from astropy.table import Column, QTable, Table

from skyclass.catalog.parse_angles import parse_angles
from skyclass.catalog.position_columns import PositionColumns
from skyclass.catalog.read_table import read_table
from skyclass.errors import CatalogError

STARS = SkyCoord([214.07, 0.25, 359.9], [19.9, -0.5, 89.0], unit="deg")


@pytest.mark.parametrize("separator", [":", " ", "hms"])
def test_sexagesimal_text_as_astropy_reads_it(separator: str) -> None:
    generator = np.random.default_rng(3)
    ra, dec = generator.uniform(0, 360, 300), generator.uniform(-90, 90, 300)
    dec[:3] = [-0.001, 0.001, -0.5]
    texts = pd.Series(Angle(ra, "deg").to_string("hourangle", sep=separator, precision=6))
    expected = Angle(texts, "hourangle").deg
    np.testing.assert_allclose(parse_angles(texts, is_longitude=True), expected, atol=1e-9)
    np.testing.assert_allclose(expected, ra, atol=1e-8)
    marks = separator.replace("h", "d")
    texts = pd.Series(Angle(dec, "deg").to_string("deg", sep=marks, precision=6, alwayssign=True))
    np.testing.assert_allclose(parse_angles(texts, is_longitude=False), dec, atol=1e-8)


def test_text_that_is_no_angle() -> None:
    texts = pd.Series(["14:61:00", "25:00:00", "M 13", "", None, "214d04m12s", "12.5"])
    expected = [np.nan] * 5 + [214.07, 12.5]
    np.testing.assert_allclose(parse_angles(texts, is_longitude=True), expected)
    degrees = parse_angles(pd.Series(["214:04:12"]), "deg", is_longitude=True)
    np.testing.assert_allclose(degrees, [214.07])


@pytest.mark.parametrize("ending", [".ecsv", ".fits", ".vot"])
@pytest.mark.parametrize("unit", ["rad", "hourangle", "deg"])
def test_the_unit_of_a_column_is_read(tmp_path: Path, ending: str, unit: str) -> None:
    path = tmp_path / f"stars{ending}"
    table = QTable({"name": ["a", "b", "c"], "RAJ2000": STARS.ra.to(unit)})
    table["DEJ2000"] = STARS.dec.to(unit if unit != "hourangle" else "deg")
    if unit == "hourangle":
        table["RAJ2000"] = Column(STARS.ra.hour, unit="h")  # as VizieR and FITS call it
    table.write(path, format="votable" if ending == ".vot" else None)
    read = read_table(path)
    assert list(read.columns) == ["name", "RAJ2000", "DEJ2000", "ra", "dec"]
    np.testing.assert_allclose(read["RAJ2000"], STARS.ra.to_value(unit))
    np.testing.assert_allclose(read[["ra", "dec"]], np.transpose([STARS.ra.deg, STARS.dec.deg]))


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_a_column_of_coordinates(tmp_path: Path, frame: str) -> None:
    places = STARS.transform_to(frame)
    QTable({"place": places, "mag": [1.0, 2.0, 3.0] * u.mag}).write(tmp_path / "stars.ecsv")
    read = read_table(tmp_path / "stars.ecsv")
    assert list(read.columns) == ["place.ra", "place.dec", "mag", "ra", "dec"]
    np.testing.assert_allclose(read["ra"], STARS.ra.deg, atol=1e-9)
    np.testing.assert_allclose(read["dec"], STARS.dec.deg, atol=1e-9)


@pytest.mark.parametrize(
    "names",
    [
        ("_RAJ2000", "_DEJ2000"),
        ("RA_ICRS", "DE_ICRS"),
        ("ALPHA_J2000", "DELTA_J2000"),
        ("raMean", "decMean"),
        ("PLUG_RA", "PLUG_DEC"),
    ],
)
def test_names_that_are_known(tmp_path: Path, names: tuple[str, str]) -> None:
    (tmp_path / "stars.csv").write_text(f"id,{','.join(names)}\n7,10.5,-3\n")
    read = read_table(tmp_path / "stars.csv")
    assert list(read.columns) == ["id", *names, "ra", "dec"]
    assert read[["ra", "dec"]].iloc[0].tolist() == [10.5, -3.0]


def test_names_and_a_unit_that_the_user_states(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text("alpha,delta,ra,dec\n1.5,-3,0,0\n")
    read = read_table(path, positions=PositionColumns("alpha", "delta", "hour"))
    assert list(read.columns) == ["alpha", "delta", "catalog_ra", "catalog_dec", "ra", "dec"]
    assert read.iloc[0].tolist() == [1.5, -3, 0, 0, 22.5, -3]
    with pytest.raises(CatalogError, match="no column 'alpa'; did you mean 'alpha'"):
        read_table(path, positions=PositionColumns("alpa", "delta"))
    with pytest.raises(CatalogError, match="name both, or none"):
        PositionColumns(ra="alpha")
    with pytest.raises(CatalogError, match="unit of positions must be deg, hour, rad, got 'km'"):
        PositionColumns(unit="km")
    path.write_text("ra,dec\nfirst,1\nsecond,2\n")
    with pytest.raises(CatalogError, match="column ra holds no angles: the first is first"):
        read_table(path)


def test_degrees_stay_where_they_are(tmp_path: Path) -> None:
    Table({"dec": [1.0], "name": ["a"], "RA": [2.0]}).write(tmp_path / "stars.fits")
    assert list(read_table(tmp_path / "stars.fits").columns) == ["dec", "name", "ra"]


@pytest.mark.parametrize("unit", ["arcsec", "mas"])
def test_units_that_are_not_read(tmp_path: Path, unit: str) -> None:
    places = QTable({"ra": STARS.ra.to(unit), "dec": STARS.dec})
    places.write(tmp_path / "stars.ecsv")
    with pytest.raises(CatalogError, match=f"column ra is in {unit}; convert it to deg, hour, rad"):
        read_table(tmp_path / "stars.ecsv")
