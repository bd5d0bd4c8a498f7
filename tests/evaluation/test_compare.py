"""Two experiments on the same objects."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from evaluation.made import made_experiment
from skyclass.cli import app
from skyclass.errors import EvaluationError
from skyclass.evaluation.compare import compare
from skyclass.evaluation.intervals import bootstrap_interval, draw_weights
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import (
    read_predictions,
    unpack_predictions,
    write_predictions,
)
from skyclass.evaluation.scores import SCORES
from skyclass.evaluation.weighted_scores import Scorer


def compute_accuracy(label: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (shares.argmax(axis=1) == label) @ weights / weights.sum(axis=0)


def compute_balanced(label: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    right = shares.argmax(axis=1) == label
    recalls = [right[label == k] @ weights[label == k] for k in range(3)]
    return np.mean([r / weights[label == k].sum(axis=0) for k, r in enumerate(recalls)], axis=0)


def compute_brier(label: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return ((shares - np.eye(3)[label]) ** 2).sum(axis=1) @ weights / weights.sum(axis=0)


BY_HAND = {
    "accuracy": compute_accuracy,
    "balanced_accuracy": compute_balanced,
    "brier": compute_brier,
}


def test_all_scores_of_both(tmp_path: Path) -> None:
    one, other = (
        made_experiment(tmp_path / name, seed=i, bonus=2.5 - i) for i, name in enumerate("ab")
    )
    comparison = compare(one, other)
    for name, directory in (("a", one), ("b", other)):
        scores = json.loads((directory / "metrics.json").read_text())["test"]
        # classes have no order, so `adjacent` is not compared
        assert set(comparison.scores) == set(SCORES) - {"adjacent"}
        for score, difference in comparison.scores.items():
            assert getattr(difference, name) == pytest.approx(scores[score])
    accuracy = comparison.scores["accuracy"]
    assert accuracy.difference == pytest.approx(comparison.accuracy.difference)
    assert accuracy.ci95 == pytest.approx(comparison.accuracy.ci95, abs=0.02)
    assert accuracy.ci95.low > 0
    assert comparison.accuracy.p_value < 0.01
    assert comparison.test_objects == (240, 240)
    assert comparison.simulated
    assert repr(comparison).startswith("Comparison(accuracy +0.")
    assert "<table" in comparison._repr_html_()


def test_intervals_against_scores_computed_by_hand(tmp_path: Path) -> None:
    """Draw the same resamples, and score them without the class that scores many at once."""
    one, other = (
        made_experiment(tmp_path / name, seed=i, bonus=2.5 - i) for i, name in enumerate("ab")
    )
    label, *both = (
        unpack_predictions(read_predictions(each / "predictions.parquet"))[i]
        for each, i in ((one, 1), (one, 2), (other, 2))
    )
    weights = np.concatenate(list(draw_weights(len(label), None, 0)), axis=1)
    comparison = compare(one, other)
    for name, compute in BY_HAND.items():
        a, b = (compute(label, shares, np.ones((len(label), 1)))[0] for shares in both)
        drawn = compute(label, both[0], weights) - compute(label, both[1], weights)
        ends = bootstrap_interval(a - b, drawn, len(label), bounds=(-np.inf, np.inf))
        difference = comparison.scores[name]
        assert (difference.a, difference.b) == pytest.approx((a, b))
        assert difference.ci95 == pytest.approx(ends)


def test_every_score_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made_experiment(tmp_path / "a", grouped=True)
    other = made_experiment(tmp_path / "b", seed=1)
    compute, calls = Scorer.compute, []

    def count(scorer: Scorer, weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
        calls.append(None if weights is None else weights.shape)
        return compute(scorer, weights)

    monkeypatch.setattr(Scorer, "compute", count)
    compare(one, other)
    # of each experiment once as it is, and once for the resamples of fields and of objects
    assert calls == [None, None, *[(240, 1000)] * 4]


def test_rows_in_another_order_and_classes_too(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    other = made_experiment(tmp_path / "b", seed=1)
    before = compare(one, other).table
    table = read_predictions(other / "predictions.parquet").sample(frac=1, random_state=0)
    table = table[[*table.columns[:-3], "p_quasar", "p_star", "p_galaxy"]]
    write_predictions(table, other / "predictions.parquet")
    after = compare(one, other).table
    np.testing.assert_allclose(after, before)


def test_other_test_objects(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    other = made_experiment(tmp_path / "b", first=60)
    with pytest.raises(
        EvaluationError, match=r"240 in .*a, 240 in .*b, 180 in both; set common to"
    ):
        compare(one, other)
    comparison = compare(one, other, common=True)
    assert comparison.accuracy.n == 180
    with pytest.raises(EvaluationError, match="no test object in common"):
        compare(one, made_experiment(tmp_path / "c", first=500), common=True)


def test_whole_fields_are_drawn(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a", grouped=True)
    other = made_experiment(tmp_path / "b", seed=1)
    comparison = compare(other, one)
    assert comparison.groups == 20
    predictions = [read_predictions(each / "predictions.parquet") for each in (other, one)]
    label, *predicted = (
        (predictions[i][name].map({"star": 0, "galaxy": 1, "quasar": 2}).to_numpy(np.int64))
        for i, name in ((0, "label"), (0, "predicted"), (1, "predicted"))
    )
    expected = compare_accuracies(label, *predicted, groups=np.arange(240) // 12)
    assert comparison.accuracy == expected


def test_experiments_that_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    one, other = made_experiment(tmp_path / "a"), made_experiment(tmp_path / "b", seed=1)
    table = read_predictions(other / "predictions.parquet")
    table.loc[3, "label"] = "star" if table.loc[3, "label"] != "star" else "galaxy"
    write_predictions(table, other / "predictions.parquet")
    with pytest.raises(EvaluationError, match="other labels"):
        compare(one, other)
    none = (table["label"] != "quasar") & (table["predicted"] != "quasar")
    fewer = table[none].drop(columns="p_quasar")
    write_predictions(fewer, other / "predictions.parquet")
    with pytest.raises(
        EvaluationError, match=r"must have the same classes .*a has star galaxy quasar"
    ):
        compare(one, other)
    (other / "metrics.json").write_text('{"test": {}}')
    with pytest.raises(
        EvaluationError,
        match=r"metrics.json does not fit this version .*: test.accuracy: field required",
    ):
        compare(one, other)
    (other / "metrics.json").write_text("{")
    with pytest.raises(EvaluationError, match="not JSON"):
        compare(one, other)


def test_what_the_command_prints(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a", grouped=True)
    other = made_experiment(tmp_path / "b", seed=1, first=60)
    refused = CliRunner().invoke(app, ["compare", str(one), str(other)])
    assert isinstance(refused.exception, EvaluationError)
    result = CliRunner().invoke(app, ["compare", str(one), str(other), "--common"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("180 common test objects (of 240 and 240)")
    assert "15 fields or sky cells; simulated data" in lines[0]
    assert any(line.startswith("balanced_accuracy") for line in lines)
    assert "exact McNemar p = " in lines[-2]
    assert lines[-1].startswith("the p-value takes objects as independent")


def test_reweight_command(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    words = ["reweight", str(one), "star=0.9", "galaxy=0.08", "quasar=0.02"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()}
    assert rows["quasar"][0] == "0.020"
    assert rows["all"][1] == "-"


def test_objects_are_matched_by_id_else_by_position(tmp_path: Path) -> None:
    one, other = made_experiment(tmp_path / "a"), made_experiment(tmp_path / "b", seed=1)
    before = compare(one, other)
    table = read_predictions(other / "predictions.parquet")
    # the ids say which objects these are, however far a catalogue has moved them
    write_predictions(table.assign(ra=table["ra"] + 0.02), other / "predictions.parquet")
    assert compare(one, other) == before
    bare = table.assign(ra=table["ra"] + 1e-5, objid=pd.NA, specobjid=pd.NA)
    write_predictions(bare, other / "predictions.parquet")
    assert compare(one, other) == before
