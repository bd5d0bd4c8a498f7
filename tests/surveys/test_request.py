"""Requests for the files of a catalogue: addresses, usable rows, folders."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys.download import download_kind
from skyclass.surveys.file_kinds import Picture, shard_path
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.requests import frame_requests, frames_address
from support.sdss_frames import catalog_of

TAIL = "301/94/3/frame-r-000094-3-0012.fits.bz2"


@pytest.mark.parametrize(
    ("release", "address"),
    [
        (8, "https://data.sdss.org/sas/dr8/groups/boss/photoObj/frames/"),
        (9, "https://data.sdss.org/sas/dr9/boss/photoObj/frames/"),
        (12, "https://dr12.sdss.org/sas/dr12/boss/photoObj/frames/"),
        (13, "https://data.sdss.org/sas/dr13/eboss/photoObj/frames/"),
        (17, "https://data.sdss.org/sas/dr17/eboss/photoObj/frames/"),
        (18, "https://dr18.sdss.org/sas/dr18/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
        (19, "https://dr19.sdss.org/sas/dr19/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
    ],
)
def test_addresses_of_frames(release: int, address: str) -> None:
    row = {"rerun": 301, "run": 94, "camcol": 3, "field": 12}
    requests = frame_requests(row, SurveyConfig(release=release), Picture())
    assert requests[2].url == address + TAIL
    assert requests[2].path == TAIL
    assert [Path(request.path).name[6] for request in requests] == list("ugriz")


@pytest.mark.parametrize("release", [7, 20])
def test_releases_without_frames(release: int) -> None:
    with pytest.raises(SurveyError, match="has no frames of this kind"):
        frames_address(release)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("run", "../../x"),
        ("run", 0),
        ("run", 10**7),
        ("camcol", 7),
        ("field", 1.5),
        ("rerun", -1),
        ("field", None),
        ("field", float("inf")),
    ],
)
def test_rows_that_are_no_field(tmp_path: Path, column: str, value: object) -> None:
    table = catalog_of(Field(301, 94, 3, 12), Field(301, 94, 3, 13)).astype(object)
    table.loc[1, column] = value
    with pytest.raises(SurveyError, match=f"row 2 of the catalogue has {column}"):
        download_kind(table, tmp_path / "out")
    nullable = table.copy()
    nullable["field"] = pd.array([1, None], dtype="Int64")
    with pytest.raises(SurveyError, match="row 2"):
        download_kind(nullable, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_without_the_columns(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="frames needs the column 'rerun'"):
        download_kind(pd.DataFrame({"ra": [1.0]}), tmp_path)
    with pytest.raises(SurveyError, match="has no row"):
        download_kind(catalog_of().astype(int), tmp_path)


def test_folders_stay_small() -> None:
    names = [shard_path("f", str(number)) for number in range(20_000)]
    counts = pd.Series([name.split("/")[1] for name in names]).value_counts()
    assert counts.max() < 25
    assert len(set(names)) == len(names)
