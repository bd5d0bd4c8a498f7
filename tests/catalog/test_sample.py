"""Samples against SQL over the same table."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from catalog.tables import tidy_stars
from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.read_table import read_table
from skyclass.catalog.sample import DATA_SETS, count_by_field, sample
from skyclass.config.sections import CleanConfig, SampleConfig
from skyclass.errors import CatalogError

KEYS = ["rerun", "run", "camcol", "field", "label"]


def labelled(n: int = 2000) -> pd.DataFrame:
    table = tidy_stars(n, fields=40)
    return table.assign(label=table["subclass"].str[0])


def counted(table: pd.DataFrame) -> dict[str, int]:
    return table["label"].value_counts().to_dict()


def test_counts_by_field() -> None:
    table = labelled()
    sql = """SELECT rerun, run, camcol, field, label, count(*) AS count FROM stars
             GROUP BY ALL ORDER BY count DESC, rerun, run, camcol, field, label"""
    with duckdb.connect() as db:
        db.register("stars", table[KEYS].astype({"label": object}))
        expected = db.sql(sql).df()
    found = count_by_field(table)
    assert found.astype(object).values.tolist() == expected.astype(object).values.tolist()


def test_densest_fields_are_the_densest_and_the_count_is_exact() -> None:
    table = labelled()
    whole = counted(table)
    chosen = sample(table, SampleConfig(method="densest-fields", per_class=300), seed=1)
    assert counted(chosen) == {label: min(n, 300) for label, n in whole.items()}
    for label, rows in chosen.groupby("label"):
        sizes = table[table["label"] == label].groupby(KEYS).size()
        taken = rows.groupby(KEYS).size()
        full = taken[taken == sizes[taken.index]]
        left = sizes.drop(taken.index)
        # at most the last field is cut, and no field left out is denser than one taken
        assert len(taken) - len(full) <= 1
        assert left.empty or left.max() <= sizes[taken.index].min()


def test_counts_of_single_classes() -> None:
    rules = SampleConfig(method="densest-fields", per_class=300, counts={"A": 11})
    assert counted(sample(labelled(), rules, seed=1)) == {"A": 11, "F": 300, "K": 300, "M": 300}


def test_random_takes_each_object_as_often_as_another() -> None:
    table = labelled(200)
    rules = SampleConfig(method="random", total=50)
    times = np.zeros(200)
    for seed in range(400):
        rows = sample(table, rules, seed)
        assert len(rows) == 50
        times += table["specobjid"].isin(rows["specobjid"]).to_numpy()
    # binomial: 400 draws of a quarter have mean 100, standard deviation 8.7
    assert abs(times.mean() - 100) < 1e-9
    assert abs(times - 100).max() < 5 * 8.7


def test_random_fields_takes_whole_groups_up_to_the_total() -> None:
    table = labelled()
    chosen = sample(table, SampleConfig(method="random-fields", total=700), seed=4)
    sizes = table.groupby(KEYS).size()
    taken = chosen.groupby(KEYS).size()
    assert (taken == sizes[taken.index]).all()
    assert 700 <= len(chosen) < 700 + sizes.max()
    other = sample(table, SampleConfig(method="random-fields", total=700), seed=5)
    assert set(other["specobjid"]) != set(chosen["specobjid"])


def test_balanced() -> None:
    table = labelled()
    smallest = min(counted(table).values())
    assert set(counted(sample(table, SampleConfig(method="balanced"), 1)).values()) == {smallest}
    rules = SampleConfig(method="balanced", per_class=20)
    assert set(counted(sample(table, rules, 1)).values()) == {20}


def test_the_source_systems_data_sets() -> None:
    rules = DATA_SETS["thesis-1"]
    assert (rules.method, rules.per_class, rules.counts) == ("densest-fields", 10_000, {"O": 3601})
    totals = {name: DATA_SETS[name].total for name in ("thesis-2", "thesis-3")}
    assert totals == {"thesis-2": 42_200, "thesis-3": 75_000}


def test_a_preset_on_the_real_table(real_data: Path) -> None:
    table = read_table(real_data / "catalogs" / "margnet_compact_240k.parquet")
    rules = CleanConfig(duplicates="id")
    built = build_catalog(
        table, "object-type", rules=rules, sampling=SampleConfig(data_set="thesis-2")
    )
    table, report = built.table, built.report
    assert 42_200 <= report.rows_out < 42_300
    fields = len(table[["run", "camcol", "field"]].drop_duplicates())
    assert report.fields == fields
    assert report.download_bytes == pytest.approx(5 * 3.36e6 * fields)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"method": "random", "total": 3000},
            "sample.total must be at most 2000, the number of objects, got 3000",
        ),
        (
            {"method": "densest-fields", "per_class": 3000},
            "sample.per_class must be at most 2000, the number of objects, got 3000",
        ),
        (
            {"method": "balanced", "per_class": 600},
            "sample.per_class must be at most [0-9]+, the number of class A, got 600",
        ),
        (
            {"method": "densest-fields", "per_class": 9, "counts": {"O": 3}},
            "class 'O', which no object has",
        ),
    ],
)
def test_impossible_numbers(rules: dict, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        sample(labelled(), SampleConfig(**rules), seed=1)


def test_fields_are_needed_for_samples_by_field() -> None:
    with pytest.raises(CatalogError, match="no column run; sampling by field needs it"):
        rules = SampleConfig(method="random-fields", total=10)
        sample(labelled().drop(columns="run"), rules, seed=1)
