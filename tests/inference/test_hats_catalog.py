"""A HATS catalogue holds the table, as LSDB reads it."""

import logging
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.errors import InferenceError, MissingExtraError
from skyclass.inference.hats_catalog import read_hats_metadata
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import TableMetadata, parse_metadata

lsdb = pytest.importorskip("lsdb", reason="lsdb is not installed")


@pytest.fixture
def table() -> pd.DataFrame:
    """Sources all over the sky; one has no class."""
    generator = np.random.default_rng(3)
    count = 40
    return pd.DataFrame(
        {
            "objid": np.arange(count, dtype=np.int64) + 2**60,
            "ra": generator.uniform(0, 360, count),
            "dec": np.degrees(np.arcsin(generator.uniform(-1, 1, count))),
            "class": np.array(["A", None, *["F"] * (count - 2)], dtype=object),
            "probability": np.append(np.nan, generator.uniform(0.5, 1, count - 1))[::-1],
        }
    )


def read(path: Path) -> pd.DataFrame:
    return pd.DataFrame(lsdb.open_catalog(path).compute()).sort_values("objid")


def test_what_the_catalogue_says_of_itself(table: pd.DataFrame, tmp_path: Path) -> None:
    labels = ("A", "F", "\u03b1 : = b")
    metadata = TableMetadata("m", "1", "sdss", "t", labels, False, coverage=0.9)
    write_table(table, tmp_path / "classes.hats", metadata)
    assert read_hats_metadata(tmp_path / "classes.hats") == metadata
    info = lsdb.open_catalog(tmp_path / "classes.hats").hc_structure.catalog_info
    assert parse_metadata(info.skyclass, "") == metadata
    write_table(table, tmp_path / "plain.hats")
    assert read_hats_metadata(tmp_path / "plain.hats") is None


def test_lsdb_reads_what_was_written(table: pd.DataFrame, tmp_path: Path) -> None:
    write_table(table, tmp_path / "classes.hats")
    again = read(tmp_path / "classes.hats")
    assert list(again.columns) == list(table.columns)
    for name in ("objid", "ra", "dec"):
        np.testing.assert_array_equal(again[name].to_numpy(), table[name])
    assert again["class"].isna().tolist() == table["class"].isna().tolist()
    assert again["class"].dropna().tolist() == table["class"].dropna().tolist()
    near = lsdb.open_catalog(tmp_path / "classes.hats").cone_search(
        table["ra"][7], table["dec"][7], 1.0
    )
    assert near.compute()["objid"].tolist() == [table["objid"][7]]


def test_a_catalogue_replaces_another_but_nothing_else(table: pd.DataFrame, tmp_path: Path) -> None:
    write_table(table, tmp_path / "a.hats")
    write_table(table.head(5), tmp_path / "a.hats")
    assert len(read(tmp_path / "a.hats")) == 5
    (tmp_path / "mine.hats").mkdir()
    (tmp_path / "mine.hats/letter").touch()
    with pytest.raises(InferenceError, match="is no HATS catalogue"):
        write_table(table, tmp_path / "mine.hats")
    assert (tmp_path / "mine.hats/letter").exists()


def test_rows_without_a_position_are_counted(
    table: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table.loc[:2, "ra"] = np.nan
    with caplog.at_level(logging.WARNING):
        write_table(table, tmp_path / "a.hats")
    assert "3 rows without a position" in caplog.text
    assert len(read(tmp_path / "a.hats")) == len(table) - 3
    with pytest.raises(InferenceError, match="no row of the table has a position"):
        write_table(table.assign(dec=np.nan), tmp_path / "b.hats")
    assert not (tmp_path / "b.hats").exists()


def test_the_extra_is_named(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lsdb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skyclass\[hats\]'"):
        write_table(table, tmp_path / "a.hats")
