"""Scores against scikit-learn, scipy and simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from skyclass.errors import EvaluationError
from skyclass.evaluation import adjacent_accuracy, paired_difference, score, wilson_interval

LABELS = ("O", "B", "A")


def shares(seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    raw = rng.uniform(0, 1, (n, 3)) + np.eye(3)[true]
    return true, raw / raw.sum(axis=1, keepdims=True)


def test_against_scikit_learn() -> None:
    true, probabilities = shares()
    predicted = probabilities.argmax(axis=1)
    found = score(LABELS, true, probabilities)
    weighted = precision_recall_fscore_support(true, predicted, average="weighted")
    each = precision_recall_fscore_support(true, predicted)
    assert found["accuracy"] == np.mean(true == predicted)
    names = ("precision_weighted", "recall_weighted", "f1_weighted")
    np.testing.assert_allclose([found[n] for n in names], weighted[:3])
    assert found["confusion_matrix"] == confusion_matrix(true, predicted).tolist()
    for i, label in enumerate(LABELS):
        row = found["per_class"][label]
        values = [row[n] for n in ("precision", "recall", "f1", "support")]
        np.testing.assert_allclose(values, [column[i] for column in each])


def test_undefined_precision_is_null() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    found = score(LABELS, np.array([0, 1]), probabilities)
    assert found["per_class"]["B"]["precision"] is None
    assert found["per_class"]["A"]["recall"] is None
    assert found["per_class"]["B"]["recall"] == 0


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (310, 400), (3, 10)])
def test_wilson_interval_against_scipy(right: int, n: int) -> None:
    expected = binomtest(right, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(right, n), tuple(expected), atol=1e-9)


def test_wilson_interval_covers_the_truth() -> None:
    draws = np.random.default_rng(2).binomial(400, 0.8, size=3000)
    bounds = np.array([wilson_interval(int(k), 400) for k in draws])
    covered = np.mean((bounds[:, 0] <= 0.8) & (bounds[:, 1] >= 0.8))
    assert 0.93 < covered < 0.97


def test_paired_difference_against_its_variance() -> None:
    rng = np.random.default_rng(3)
    true = np.zeros(2000, dtype=np.int64)
    one, other = (rng.uniform(size=2000) > share for share in (0.85, 0.8))
    found = paired_difference(true, one.astype(int), other.astype(int))
    apart = (one == 0).astype(float) - (other == 0)
    half = 1.96 * apart.std() / np.sqrt(2000)
    assert found.difference == pytest.approx(apart.mean())
    np.testing.assert_allclose(found.ci95, (apart.mean() - half, apart.mean() + half), atol=0.003)


def test_adjacent_accuracy() -> None:
    assert adjacent_accuracy(np.array([0, 1, 2, 2]), np.array([1, 1, 0, 2])) == 0.75


@pytest.mark.parametrize(
    ("true", "probabilities"),
    [
        (np.array([0]), np.array([[0.5, 0.2, 0.2]])),
        (np.array([0]), np.array([[np.nan, 0.5, 0.5]])),
        (np.array([4]), np.array([[0.5, 0.3, 0.2]])),
        (np.array([], dtype=np.int64), np.empty((0, 3))),
    ],
)
def test_bad_predictions(true: np.ndarray, probabilities: np.ndarray) -> None:
    with pytest.raises(EvaluationError):
        score(LABELS, true, probabilities)
