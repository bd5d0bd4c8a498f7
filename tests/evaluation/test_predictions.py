"""The table of predictions, to a file and back."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.errors import EvaluationError
from skyclass.evaluation.binned_scores import CONDITIONS
from skyclass.evaluation.predictions import (
    PREDICTION_COLUMNS,
    make_predictions,
    number_groups,
    read_predictions,
    unpack_predictions,
    write_predictions,
)
from skyclass.evaluation.scores import score

LABELS = ("star", "galaxy")
LABEL = np.array([0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.25, 0.75], [0.6, 0.4]])


def table(**changes: object) -> pd.DataFrame:
    values: dict[str, object] = {
        "objid": ["1237648704595820365", "2", "3"],
        "specobjid": ["10000000000000000001", "5", "6"],
        "ra": np.array([10.5, 11, 12]),
        "dec": np.array([-1.25, 0, 1]),
        "labels": LABELS,
        "label": LABEL,
        "probabilities": PROBABILITIES,
    }
    return make_predictions(**{**values, **changes})  # type: ignore[arg-type]


def test_columns_are_documented() -> None:
    names = {column.name for column in PREDICTION_COLUMNS}
    assert {re.sub("^p_.*", "p_<class>", name) for name in table()} == {
        column.name for column in PREDICTION_COLUMNS if column.required
    }
    assert {"field", "magnitude_<band>", "group", "prediction_set", *CONDITIONS[1:]} < names


def test_columns() -> None:
    assert list(table()) == [
        *("objid", "specobjid", "ra", "dec", "label", "predicted"),
        *("p_star", "p_galaxy"),
    ]
    assert table()["label"].tolist() == ["star", "galaxy", "galaxy"]
    assert table()["predicted"].tolist() == ["star", "galaxy", "star"]


def test_further_columns(tmp_path: Path) -> None:
    extra = {
        "field": pd.Series(["301-1-1-1", None, "301-1-1-2"], dtype="string"),
        "seeing": np.array([1.2, np.nan, 1.3]),
        "group": pd.array([4, 4, 0], dtype="Int64"),
    }
    made = table(extra=extra)
    assert list(made)[5:] == ["predicted", "field", "seeing", "group", "p_star", "p_galaxy"]
    write_predictions(made, tmp_path / "p.parquet")
    back = read_predictions(tmp_path / "p.parquet")
    assert unpack_predictions(back)[0] == LABELS
    assert back["field"].isna().tolist() == [False, True, False]
    groups = number_groups(back)
    assert groups is not None
    assert groups.tolist() == [0, 0, 1]
    none = made.assign(group=pd.array([pd.NA] * 3, dtype="Int64"))
    assert number_groups(none) is None
    assert number_groups(table()) is None


def test_the_file_alone_gives_the_scores(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(table(), path)
    back = read_predictions(path)
    # ids beyond 2^63 keep their digits
    assert back["specobjid"].tolist() == ["10000000000000000001", "5", "6"]
    labels, label, probabilities = unpack_predictions(back)
    assert labels == LABELS
    np.testing.assert_array_equal(label, LABEL)
    np.testing.assert_array_equal(probabilities, PROBABILITIES)
    assert score(labels, label, probabilities) == score(LABELS, LABEL, PROBABILITIES)


def test_columns_of_different_lengths() -> None:
    with pytest.raises(EvaluationError, match=r"same length, got \[2, 3\]"):
        table(ra=np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="p_galaxy"), "label 'galaxy' has no column p_galaxy"),
        (lambda t: t.assign(p_star=[[0.5]] * 3), "'p_star' must hold numbers, not mixed"),
        (lambda t: t.assign(p_star=[0.5, 1.5, 0.5]), "'p_star' must lie between 0 and 1"),
        (lambda t: t.assign(p_star=[0.5, np.nan, 0.5]), "'p_star' must lie between 0 and 1"),
        (lambda t: t.assign(ra="1"), "'ra' must hold numbers, not string"),
        (lambda t: t.assign(objid=[1, 2, 3]), "'objid' must hold text, not integer"),
        (lambda t: t.assign(seeing="bad"), "'seeing' must hold numbers"),
        (lambda t: t.assign(predicted="comet"), "predicted 'comet' has no column p_comet"),
    ],
)
def test_values_that_are_no_predictions(
    change: Callable[[pd.DataFrame], pd.DataFrame], message: str, tmp_path: Path
) -> None:
    write_predictions(change(table()), tmp_path / "p.parquet")
    with pytest.raises(EvaluationError, match=f"p.parquet: .*{message}.*; run the experiment"):
        read_predictions(tmp_path / "p.parquet")


def test_files_that_are_no_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    with pytest.raises(EvaluationError, match="does not exist"):
        read_predictions(path)
    path.write_text("<html>")
    with pytest.raises(EvaluationError, match="not a Parquet file"):
        read_predictions(path)
    table().drop(columns="dec").to_parquet(path)
    with pytest.raises(EvaluationError, match="no column 'dec'"):
        read_predictions(path)
