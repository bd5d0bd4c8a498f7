"""Catalogues against counts made another way."""

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from astropy.table import Table

from skyclass.catalog.build_catalog import build_catalog
from skyclass.errors import CatalogError


def stars(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "specobjid": [2**63 + 17 * i for i in range(n)],
            "class": "STAR",
            "subclass": ["K5V", "M2 (1234)"] * (n // 2),
            "ra": [10 + 0.01 * i for i in range(n)],
            "dec": 1.5,
            "rerun": 301,
            "run": 1000,
            "camcol": 2,
            "field": [20 + i % 3 for i in range(n)],
        }
    ).astype({"specobjid": "uint64"})


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".fits", ".vot"])
def test_ids_stay_exact_in_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"stars{ending}"
    table = stars()
    if ending == ".csv":
        table.to_csv(path, index=False)
    elif ending == ".parquet":
        table.to_parquet(path)
    else:
        if ending == ".vot":
            table["specobjid"] = table["specobjid"].astype(str).astype(object)
        for name in ("class", "subclass"):
            table[name] = table[name].astype(object)
        Table.from_pandas(table).write(path, format={".vot": "votable"}.get(ending, "fits"))
    built = build_catalog(path, "spectral-class").table
    assert set(built["specobjid"]) == {2**63 + 17 * i for i in range(40)}
    assert Counter(built["label"]) == {"K": 20, "M": 20}


def test_shares_of_every_class(tmp_path: Path) -> None:
    stars(200).to_csv(tmp_path / "a.csv", index=False)
    built = build_catalog(tmp_path / "a.csv", "spectral-class").table
    counts = built.groupby(["label", "split"]).size().to_dict()
    for label in "KM":
        assert [counts[label, s] for s in ("train", "validation", "test")] == [70, 10, 20]


def test_same_splits_whatever_the_order(tmp_path: Path) -> None:
    stars().to_csv(tmp_path / "a.csv", index=False)
    stars().sample(frac=1, random_state=3).to_csv(tmp_path / "b.csv", index=False)
    one, other = (build_catalog(tmp_path / f"{n}.csv", "spectral-class") for n in "ab")
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.report == other.report


def test_counts_what_it_drops(tmp_path: Path) -> None:
    table = stars().astype({"camcol": "Int64"})
    table.loc[3, "camcol"] = None
    table.loc[5, "subclass"] = "CV"
    table = pd.concat([table, table.iloc[[7, 8]]])
    table.to_csv(tmp_path / "a.csv", index=False)
    built = build_catalog(tmp_path / "a.csv", "spectral-class")
    dropped = built.report.dropped
    assert dropped["no rerun / run / camcol / field"] == 1
    assert dropped["cataclysmic variable"] == 1
    assert dropped["duplicate specobjid"] == 2
    assert len(built) == 42 - 4


def test_real_table_against_plain_python(real_data: Path) -> None:
    path = real_data / "catalogs" / "skyserver_10k.csv"
    built = build_catalog(path, "object-type")
    assert built.report.unknown == {}
    with path.open() as file:
        expected = Counter(row["class"] for row in csv.DictReader(file))
    found = Counter(built.table["label"])
    assert found == {
        "star": expected["STAR"],
        "galaxy": expected["GALAXY"],
        "quasar": expected["QSO"],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="ra"), "no column ra"),
        (lambda t: t.assign(ra=t["ra"].where(t.index != 3, 400.0)), "got 400 in row 4"),
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.assign(subclass=["O9", *t["subclass"][1:]]), "class O has 1"),
    ],
)
def test_bad_tables(tmp_path: Path, change, message: str) -> None:
    change(stars()).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(CatalogError, match=message):
        build_catalog(tmp_path / "a.csv", "spectral-class")
