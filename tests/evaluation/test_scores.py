"""Every score against scikit-learn, with and without weights, and where a class is missing."""

import json

import numpy as np
import pytest
from sklearn import metrics

from evaluation.made import made_shares
from skyclass.errors import EvaluationError
from skyclass.evaluation.scores import SCORES, Scores, score
from skyclass.evaluation.weighted_scores import Scorer


def named(k: int) -> list[str]:
    return [f"class {i}" for i in range(k)]


def expected(label: np.ndarray, shares: np.ndarray, weight: np.ndarray | None) -> dict[str, float]:
    """Score with scikit-learn."""
    predicted, k = shares.argmax(axis=1), shares.shape[1]
    two = (label, predicted)
    values = {
        "accuracy": metrics.accuracy_score(*two, sample_weight=weight),
        "balanced_accuracy": metrics.balanced_accuracy_score(*two, sample_weight=weight),
        "kappa": metrics.cohen_kappa_score(*two, sample_weight=weight),
        "log_loss": metrics.log_loss(label, shares, labels=range(k), sample_weight=weight),
        "adjacent": np.average(np.abs(label - predicted) < 2, weights=weight),
        "brier": np.average(((shares - np.eye(k)[label]) ** 2).sum(axis=1), weights=weight),
    }
    for average in ("weighted", "macro"):
        means = metrics.precision_recall_fscore_support(
            *two, average=average, zero_division=0, sample_weight=weight
        )[:3]
        names = [f"{name}_{average}" for name in ("precision", "recall", "f1")]
        values |= dict(zip(names, means, strict=True))
    if k > 2:
        values["top2"] = metrics.top_k_accuracy_score(
            label, shares, k=2, labels=range(k), sample_weight=weight
        )
    areas = {"roc_auc": metrics.roc_auc_score, "pr_auc": metrics.average_precision_score}
    for name, area in areas.items():
        each = [area(label == i, shares[:, i], sample_weight=weight) for i in range(k)]
        values[f"{name}_macro"] = np.mean(each)
    return values


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("digits", [1, 9])
def test_against_scikit_learn(k: int, seed: int, digits: int) -> None:
    label, shares = made_shares(seed, 250, k, bonus=1.5)
    # few digits make many ties
    shares = shares.round(digits) + 0.01
    shares /= shares.sum(axis=1, keepdims=True)
    shares[:, 0] += 1 - shares.sum(axis=1)
    # scikit-learn takes the last of equals for the second best, argmax the first
    ties = np.sort(shares, axis=1)
    clear = (ties[:, -2] - ties[:, -3 if k > 2 else -2] > 1e-6) | (k == 2)
    label, shares = label[clear], shares[clear]
    scores = score(named(k), label, shares, ordered=True, resamples=20)
    for name, value in expected(label, shares, None).items():
        assert getattr(scores, name) == pytest.approx(value, abs=1e-9), name
    weights = np.random.default_rng(seed).integers(0, 4, (len(label), 3)).astype(float)
    drawn = Scorer(label, shares, ordered=True).compute(weights)
    for column in range(3):
        for name, value in expected(label, shares, weights[:, column]).items():
            assert drawn[name][column] == pytest.approx(value, abs=1e-9), name


def test_brier_score_of_two_classes_is_twice_that_of_one() -> None:
    label, shares = made_shares(3, 100, 2)
    one = metrics.brier_score_loss(label, shares[:, 1])
    assert score(named(2), label, shares, resamples=20).brier == pytest.approx(2 * one)


def test_scores_of_each_class() -> None:
    label, shares = made_shares()
    scores = score(named(3), label, shares, resamples=20)
    each = metrics.precision_recall_fscore_support(label, shares.argmax(axis=1))
    np.testing.assert_array_equal(
        scores.confusion_matrix, metrics.confusion_matrix(label, shares.argmax(axis=1))
    )
    for i, name in enumerate(named(3)):
        row = scores.per_class[name]
        values = (row.precision, row.recall, row.f1, row.support)
        np.testing.assert_allclose(values, [column[i] for column in each])
        area = metrics.roc_auc_score(label == i, shares[:, i])
        assert row.roc_auc == pytest.approx(area)


def test_calibration_error_by_hand() -> None:
    label, shares = made_shares(4, 200)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == label
    total = 0.0
    for low in np.arange(10) / 10:
        rows = (confidence >= low) & (confidence < low + 0.1)
        if rows.any():
            total += rows.sum() * abs(right[rows].mean() - confidence[rows].mean())
    assert score(named(3), label, shares, resamples=20).ece == pytest.approx(total / 200)


def test_what_is_undefined_is_null() -> None:
    shares = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.7, 0.3, 0.0]])
    scores = score(named(3), np.array([0, 1, 0]), shares)
    first, second, third = scores.per_class.values()
    assert first.precision == pytest.approx(2 / 3)
    assert second.precision is None
    assert second.ci95["precision"] is None
    assert second.recall == 0
    assert third.recall is third.f1 is third.roc_auc is third.ci95["recall"] is None
    # a class that is neither there nor predicted has no say; one never predicted counts as 0
    assert scores.precision_macro == pytest.approx(1 / 3)
    assert scores.balanced_accuracy == 0.5
    assert scores.adjacent is None
    assert score(named(2), np.array([0, 1]), shares[:2, :2]).top2 is None


def test_one_object_and_one_class() -> None:
    scores = score(named(2), np.array([0]), np.array([[0.6, 0.4]]))
    assert scores.accuracy == 1
    assert scores.kappa is None
    assert scores.accuracy_ci95.low < 0.3
    assert scores.ci95["log_loss"] is None
    certain = score(named(2), np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert certain.log_loss == pytest.approx(-np.log(np.finfo(float).eps) / 2)


def test_every_score_has_an_interval_that_holds_it() -> None:
    label, shares = made_shares(5, 200)
    scores = score(named(3), label, shares, ordered=True, groups=np.arange(200) // 8)
    assert scores.groups == 25
    assert set(scores.ci95) == set(SCORES)
    for name in set(SCORES) - {"ece"}:
        low, high = scores.ci95[name]
        assert low < getattr(scores, name) < high
    again = score(named(3), label, shares, ordered=True, groups=np.arange(200) // 8)
    assert again == scores


def test_adjacent_by_hand() -> None:
    shares = 0.1 + 0.7 * np.eye(3)[[1, 1, 0, 2]]
    scores = score(named(3), np.array([0, 1, 2, 2]), shares, ordered=True, resamples=20)
    assert scores.adjacent == 0.75


def test_the_headline_is_printed_and_the_file_read_back() -> None:
    label, shares = made_shares(5, 200)
    scores = score(named(3), label, shares)
    low, high = scores.accuracy_ci95
    assert repr(scores) == (
        f"Scores(accuracy {scores.accuracy:.3f} [{low:.3f}, {high:.3f}], n=200)"
    )
    assert scores.table.loc["kappa"].tolist() == [scores.kappa, *scores.ci95["kappa"]]
    assert "adjacent" not in scores.table.index
    assert "balanced_accuracy" in scores._repr_html_()
    text = scores.model_dump_json()
    assert Scores.model_validate_json(text) == scores
    assert json.loads(text)["accuracy_ci95"] == [low, high]


@pytest.mark.parametrize(
    ("label", "probabilities", "message"),
    [
        (np.array([0]), np.array([[0.5, 0.2, 0.2]]), "of row 0 do not sum to one"),
        (np.array([0]), np.array([[np.nan, 0.5, 0.5]]), "not finite"),
        (np.array([0]), np.array([[-0.5, 1.0, 0.5]]), "negative"),
        (np.array([4]), np.array([[0.5, 0.3, 0.2]]), "label of row 0 must be 0 to 2, got 4"),
        (np.array([0, 1]), np.array([[0.5, 0.3, 0.2]]), "got 2 labels and 1 predictions"),
        (np.array([0]), np.array([[0.5, 0.5]]), "does not fit 3 classes"),
        (np.array([], dtype=np.int64), np.empty((0, 3)), "no object to score"),
    ],
)
def test_bad_predictions(label: np.ndarray, probabilities: np.ndarray, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        score(named(3), label, probabilities)


def test_groups_of_other_objects() -> None:
    with pytest.raises(
        EvaluationError, match="groups must have one entry per object, got 2 for 300"
    ):
        score(named(3), *made_shares(), groups=np.array([0, 1]))
