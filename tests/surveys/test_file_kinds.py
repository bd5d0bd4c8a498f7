"""Requests for the files of a catalogue: addresses, usable rows, folders."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.errors import SurveyError
from skyclass.surveys.download import download_kind
from skyclass.surveys.file_kinds import shard_path
from skyclass.surveys.sdss.layout import Field
from support.sdss_frames import catalog_of


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
