"""Splits: shares of every class, no group in two, leakage counted another way."""

from collections import Counter
from pathlib import Path

import astropy_healpix
import duckdb
import numpy as np
import pandas as pd
import pytest
from astropy import units
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.tables import tidy_stars
from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.ids import number_units
from skyclass.catalog.read_table import read_table
from skyclass.catalog.split import assign_splits, count_splits
from skyclass.config.experiment_file import make_objects_config
from skyclass.config.sections import CleanConfig, SplitConfig
from skyclass.errors import CatalogError, ConfigError
from skyclass.surveys.sdss.survey import SDSS

FIELD = ["rerun", "run", "camcol", "field"]


def labelled(n: int = 4000, fields: int = 200) -> pd.DataFrame:
    table = tidy_stars(n, fields=fields)
    return table.assign(label=table["subclass"].str[0])


def shares(table: pd.DataFrame, splits: "pd.Series[str]") -> dict[tuple[str, str], float]:
    counts = Counter(zip(table["label"], splits, strict=True))
    sizes = Counter(table["label"])
    return {(label, split): n / sizes[label] for (label, split), n in counts.items()}


@settings(max_examples=30, deadline=None)
@given(
    validation=st.floats(0.05, 0.3),
    test=st.floats(0.05, 0.4),
    calibration=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 1000),
)
def test_shares_by_object_are_exact(
    validation: float, test: float, calibration: float, seed: int
) -> None:
    table = labelled(400)
    rules = SplitConfig(validation=validation, test=test, calibration=calibration)
    splits = assign_splits(table, rules, seed)
    for label, rows in table.groupby("label"):
        counts = splits[rows.index].value_counts()
        assert counts["test"] == max(1, round(test * len(rows)))
        assert counts["validation"] == max(1, round(validation * len(rows)))
        assert ("calibration" in set(splits)) == (calibration > 0), label


@pytest.mark.parametrize("by", ["field", "sky"])
def test_no_group_in_two_splits_and_shares_nearly_kept(by: str) -> None:
    table = labelled()
    splits = assign_splits(table, SplitConfig(by=by, calibration=0.1, nside=8), seed=1)
    if by == "field":
        groups = table[FIELD].astype(str).agg("-".join, axis=1)
    else:
        ra, dec = (table[name].to_numpy() * units.deg for name in ("ra", "dec"))
        groups = astropy_healpix.lonlat_to_healpix(ra, dec, 8, order="ring")
    assert splits.astype(object).groupby(groups).nunique().max() == 1
    wanted = {"train": 0.6, "validation": 0.1, "test": 0.2, "calibration": 0.1}
    for (_, split), share in shares(table, splits).items():
        assert share == pytest.approx(wanted[split], abs=0.03)


def test_calibration_comes_out_of_training() -> None:
    table = labelled()
    plain = assign_splits(table, SplitConfig(), seed=1)
    fourth = assign_splits(table, SplitConfig(calibration=0.1), seed=1)
    assert plain[fourth == "test"].eq("test").all()
    assert plain[fourth == "calibration"].eq("train").all()


def test_another_seed_another_split() -> None:
    table = labelled()
    for by in ("object", "field"):
        one, other = (assign_splits(table, SplitConfig(by=by), seed) for seed in (1, 2))
        assert (one.astype(object) != other.astype(object)).mean() > 0.2


def test_adding_a_class_moves_no_object_of_another() -> None:
    table = labelled()
    without = table[table["label"] != "K"]
    splits = assign_splits(table, SplitConfig(), seed=1)[without.index]
    alone = assign_splits(without, SplitConfig(), seed=1)
    assert (splits.astype(object) == alone.astype(object)).all()


def leak_by_sql(table: pd.DataFrame) -> float:
    sql = """SELECT avg((run, camcol, field) IN (
                 SELECT (run, camcol, field) FROM stars WHERE split = 'train'
             )::INT) FROM stars WHERE split = 'test'"""
    with duckdb.connect() as db:
        db.register("stars", table[["run", "camcol", "field", "split"]].astype({"split": object}))
        return db.sql(sql).fetchall()[0][0]


def test_leakage_on_the_real_table(real_data: Path) -> None:
    table = read_table(real_data / "catalogs" / "margnet_compact_240k.parquet")
    rules = CleanConfig(duplicates="id")
    by_object = build_catalog(table, "object-type", rules=rules)
    by_field = build_catalog(table, "object-type", rules=rules, split=SplitConfig(by="field"))
    leakage = by_object.report.leakage
    assert leakage == pytest.approx(leak_by_sql(by_object.table))
    assert 0.5 < leakage < 0.6
    assert by_field.report.leakage == leak_by_sql(by_field.table) == 0.0
    for label, n in by_field.report.classes.items():
        assert by_field.report.per_class["test"][label] / n == pytest.approx(0.2, abs=0.001)


def test_leakage_is_not_known_without_fields() -> None:
    table = labelled().drop(columns="field")
    assert count_splits(table.assign(split="test"), ("A",)).leakage is None


@pytest.mark.parametrize(
    ("change", "rules", "message"),
    [
        ({"label": ["O"] + ["A"] * 399}, {}, "class O has 1 object"),
        ({"field": 11, "run": 1}, {"by": "field"}, r"lies in 1 field group\(s\), too few"),
        ({"ra": 10.0, "dec": 1.0}, {"by": "sky"}, r"lies in 1 sky group\(s\), too few"),
    ],
)
def test_too_few_to_divide(change: dict, rules: dict, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        assign_splits(labelled(400).assign(**change), SplitConfig(**rules), seed=1)


def test_columns_that_a_split_needs() -> None:
    with pytest.raises(CatalogError, match="no column ra, which a split by sky needs"):
        assign_splits(labelled().drop(columns="ra"), SplitConfig(by="sky"), seed=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["split.train=0.7", "split.test=0.3"], "the other shares must sum to 1, got 1.1"),
        (["split.validation=0.4", "split.test=0.6"], "must sum to less than 1, got 1"),
        (["split.nside=30"], "split.nside must be a power of two, got 30"),
        (["split.by=fields"], "split.by must be 'object', 'field' or 'sky', got 'fields'"),
        (["split.tests=0.3"], "did you mean 'test'"),
        (["sample.method=random"], 'sample.total is missing; sample.method = "random" needs it'),
        (["clean.radius"], "has no value; write key=value"),
    ],
)
def test_invalid_settings(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_objects_config(Path("a.csv"), "spectral-class", 1, settings)


def test_fields_are_numbered_alike_in_any_order() -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.integers(1, 4, (60, 4)), columns=FIELD)
    expected = table.groupby(FIELD).ngroup()
    assert number_units(table, SDSS.key).tolist() == expected.tolist()
    ordered = table.sort_values(FIELD)
    assert number_units(ordered, SDSS.key).tolist() == expected[ordered.index].tolist()
