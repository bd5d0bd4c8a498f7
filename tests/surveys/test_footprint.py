"""Footprints: declinations, and maps of cells against the map of another library."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.footprint import Footprint
from support.web_server import FakeClock, Server

mocpy = pytest.importorskip("mocpy")
healpix = pytest.importorskip("astropy_healpix")


@pytest.fixture
def moc(tmp_path: Path) -> Path:
    """The four cells of order 2 about a position."""
    chosen = np.array([3, 17, 18, 101], dtype=np.uint64)
    made = mocpy.MOC.from_healpix_cells(chosen, np.full(4, 2, np.uint8), max_depth=2)
    made.save(str(tmp_path / "moc.fits"), format="fits")
    return tmp_path / "moc.fits"


def test_the_cells_of_a_map(moc: Path) -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
    grid = healpix.HEALPix(4, order="nested")
    cell = grid.lonlat_to_healpix(ra * units.deg, dec * units.deg)
    footprint = Footprint.from_moc(moc)
    np.testing.assert_array_equal(footprint.contains(ra, dec), np.isin(cell, [3, 17, 18, 101]))
    assert footprint.rule == "the cells of moc.fits"


def test_a_map_in_place_of_the_surveys_footprint(moc: Path, tmp_path: Path) -> None:
    ra, dec = healpix.healpix_to_lonlat(np.array([17, 100]), 4, order="nested")
    table = pd.DataFrame({"ra": ra.to_value("deg"), "dec": dec.to_value("deg")})
    survey = SurveyConfig(name="panstarrs", base_url="http://127.0.0.1:9", footprint=moc)
    with pytest.raises(SurveyError, match=r"every position .* \(the cells of moc\.fits\)"):
        download_kind(table[1:], tmp_path / "out", "ps1-jpeg", survey=survey)
    missing = find_missing_files(table, tmp_path, ["ps1-jpeg"], survey=survey)
    assert missing.str.contains("outside the footprint").tolist() == [False, True]


def test_a_map_for_files_that_are_asked_for_by_field(
    moc: Path, tmp_path: Path, server: Server, fake_clock: FakeClock
) -> None:
    ra, dec = healpix.healpix_to_lonlat(np.array([17, 100, 100]), 4, order="nested")
    places = {"ra": ra.to_value("deg"), "dec": dec.to_value("deg")}
    # the first two share a field
    table = pd.DataFrame({"rerun": 301, "run": 94, "camcol": 3, "field": [12, 12, 13], **places})
    settings = SurveyConfig(base_url=server.url, rate=0, retries=0, footprint=moc)
    counts = download_kind(table, tmp_path / "out", survey=settings, clock=fake_clock.clock)
    assert counts.total == 5
    assert {"0012" in path for path in server.paths} == {True}
    missing = find_missing_files(table, tmp_path / "out", survey=settings)
    assert missing.str.contains("outside the footprint").tolist() == [False, True, True]
    with pytest.raises(SurveyError, match=r"survey\.footprint needs the column 'ra'"):
        download_kind(table.drop(columns="ra"), tmp_path / "out", survey=settings)


@pytest.mark.parametrize("content", [b"", b"no map", b"SIMPLE  ="])
def test_files_that_are_no_map(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "moc.fits").write_bytes(content)
    with pytest.raises(SurveyError, match=r"moc\.fits is not a MOC in FITS"):
        Footprint.from_moc(tmp_path / "moc.fits")
    with pytest.raises(SurveyError, match=r"none\.fits is not a MOC in FITS"):
        Footprint.from_moc(tmp_path / "none.fits")


def test_declinations() -> None:
    dec = np.array([-31.0, -30.0, 32.375, 33.0])
    both = Footprint.between_declinations(-30.0, 32.375)
    assert both.contains(np.zeros(4), dec).tolist() == [False, True, True, False]
    assert both.rule == "declinations from -30 up to +32.375 degrees"
    assert Footprint.between_declinations(-90.0, 90.0).rule == "the whole sky"
