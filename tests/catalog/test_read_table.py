"""Files of every kind, column names of every spelling, ids of every size."""

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from astropy.units import hourangle
from hypothesis import assume, given
from hypothesis import strategies as st

from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.ids import parse_ids
from skyclass.catalog.read_table import read_table
from skyclass.errors import CatalogError
from skyclass.surveys.sdss.objid import decode_objid

IDS = [1, 2**53 + 1, 2**63 - 1, 2**63 + 17, 2**64 - 1]


def write(path: Path, table: pd.DataFrame) -> None:
    """Write by ending, with the library a user would take."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    plain = path.with_name(f"plain.{kind}")
    if kind == "csv":
        table.to_csv(plain, index=False)
    elif kind == "parquet":
        table.to_parquet(plain)
    else:
        if kind in {"vot", "ecsv"}:
            # VOTable has no unsigned 64-bit integers
            table = table.assign(specobjid=table["specobjid"].astype(str).astype(object))
        formats = {"vot": "votable", "ecsv": "ascii.ecsv", "fits": "fits"}
        Table.from_pandas(table).write(plain, format=formats[kind])
    content = plain.read_bytes()
    plain.unlink()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("kind", ["csv", "ecsv", "parquet", "fits", "vot"])
def test_every_format_keeps_every_digit(tmp_path: Path, kind: str, packed: str) -> None:
    path = tmp_path / f"t.{kind}{packed}"
    write(path, pd.DataFrame({"specobjid": np.array(IDS, "uint64"), "RA": [1.5] * 5}))
    table = read_table(path)
    assert table["specobjid"].tolist() == IDS
    assert table["ra"].tolist() == [1.5] * 5


def test_a_gap_costs_no_digit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("SpecObjID,ra\n18446744073709551615,1\n,2\n9223372036854775825,3\n")
    ids = read_table(path)["specobjid"]
    assert (ids[0], ids.isna().tolist(), ids[2]) == (2**64 - 1, [False, True, False], 2**63 + 17)


def test_names_of_another_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("RAJ2000,DEJ2000,U,G,R,I,Z,fiberid\n10,-3,20,19,18,17,16,5\n")
    table = read_table(path, columns={"ra": "RAJ2000", "dec": "DEJ2000"})
    assert list(table.columns) == ["ra", "dec", *(f"modelMag_{b}" for b in "ugriz"), "fiberID"]


def test_the_line_that_skyserver_puts_first(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("#Table1\nra,dec\n1,2\n")
    assert read_table(path).to_dict("list") == {"ra": [1], "dec": [2]}


@given(st.lists(st.integers(10**15, 2**64 - 1), min_size=3, max_size=20))
def test_what_a_spreadsheet_leaves_of_ids_is_no_id(numbers: list[int]) -> None:
    written = pd.Series([f"{n:.2E}" for n in numbers])
    exact, rounded = parse_ids(written)
    assert (exact.notna().sum(), rounded) == (0, len(numbers))
    # saved in full, but with 15 digits as a spreadsheet holds them
    kept = [int(Decimal(f"{Decimal(n):.14e}")) for n in numbers]
    assume(max(kept) < 2**64)
    exact, rounded = parse_ids(pd.Series(kept, dtype="uint64"))
    assert (exact.notna().sum(), rounded) == (0, len(numbers))


@given(st.lists(st.integers(1, 2**64 - 1), min_size=1).filter(lambda n: any(i % 10 for i in n)))
def test_exact_ids_stay(numbers: list[int]) -> None:
    for column in (pd.Series(numbers, dtype="uint64"), pd.Series([f" {n} " for n in numbers])):
        exact, rounded = parse_ids(column)
        assert exact.tolist() == numbers
        assert rounded == 0


def test_the_real_rounded_ids(real_data: Path) -> None:
    path = real_data / "catalogs" / "skyserver_10k.csv"
    rounded = {"objid": 10_000, "specobjid": 10_000}
    assert build_catalog(path, "object-type").report.rounded == rounded
    assert read_table(path)[["objid", "specobjid"]].isna().all(axis=None)


def test_the_field_in_real_objids(real_data: Path) -> None:
    table = pd.read_parquet(real_data / "catalogs" / "margnet_compact_240k.parquet")
    keys = decode_objid(parse_ids(table["objid"])[0])
    for name in ("run", "camcol", "field"):
        assert keys[name].tolist() == table[name].tolist()
    assert set(keys["rerun"]) == {301}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "ra;dec\n1;2\n", "separated by semicolons; save it with commas"),
        ("a.csv", "ra\tdec\n1\t2\n", "separated by tabs"),
        ("a.csv", "ra,dec,ra\n1,2,3\n", "two columns named 'ra'"),
        ("a.csv", "ra,dec,RA\n1,2,3\n", "two columns named 'ra'"),
        ("a.csv", "ra,dec\n", "has no rows"),
        ("a.csv", "", "is not a readable table"),
        ("a.txt", "ra,dec\n1,2\n", "unknown ending"),
        ("a.parquet", "ra,dec\n1,2\n", "is not a readable table"),
        ("a.fits", "SIMPLE", "is not a readable table"),
        ("a.csv.gz", "ra,dec\n1,2\n", "is not a readable table"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CatalogError, match=message):
        read_table(tmp_path / name)


def test_a_foreign_name_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("RAJ2000,dec\n1,2\n")
    with pytest.raises(CatalogError, match=r"no column 'RA2000'.*did you mean 'RAJ2000'"):
        read_table(tmp_path / "a.csv", columns={"ra": "RA2000"})


def test_hours_by_the_unit(tmp_path: Path) -> None:
    Table({"RA": [1.0] * hourangle, "dec": [2.0]}).write(tmp_path / "a.ecsv", format="ascii.ecsv")
    table = read_table(tmp_path / "a.ecsv")
    assert table.to_dict("list") == {"catalog_ra": [1.0], "dec": [2.0], "ra": [15.0]}


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skyclass.catalog.read_table.MAX_BYTES", 1000)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"ra,dec\n" + b"1,2\n" * 1000))
    with pytest.raises(CatalogError, match="decompresses to more than 1000 bytes"):
        read_table(tmp_path / "a.csv.gz")
