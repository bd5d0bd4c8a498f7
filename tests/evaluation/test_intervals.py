"""Intervals against scipy, closed forms, and how often they hold the truth."""

import numpy as np
import pytest
from scipy.stats import binomtest

from skyclass.evaluation.intervals import (
    bootstrap_interval,
    draw_weights,
    mean_interval,
    wilson_interval,
)
from skyclass.evaluation.scores import score

LABELS = ("a", "b", "c")
CHECKED = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc_macro", "ece")


def drawn(rng: np.random.Generator, fields: int, per_field: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a test set: fields differ in how hard they are, and the model is too sure of itself."""
    n = fields * per_field
    label = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    ease = np.repeat(rng.normal(2.0, 0.8 if per_field > 1 else 0.0, fields), per_field)
    logits = 2.5 * (rng.normal(size=(n, 3)) + ease[:, None] * np.eye(3)[label])
    raw = np.exp(logits - logits.max(axis=1, keepdims=True))
    return label, raw / raw.sum(axis=1, keepdims=True)


def coverage(fields: int, per_field: int, times: int) -> dict[str, float]:
    """Count how often the intervals hold the scores of a very large test set."""
    rng = np.random.default_rng(1)
    truth = score(LABELS, *drawn(rng, 120_000 // per_field, per_field), resamples=2)
    held = dict.fromkeys(CHECKED, 0)
    groups = np.repeat(np.arange(fields), per_field) if per_field > 1 else None
    for seed in range(times):
        scores = score(
            LABELS, *drawn(rng, fields, per_field), groups=groups, seed=seed, resamples=200
        )
        for name in CHECKED:
            low, high = scores.ci95[name]
            held[name] += low <= getattr(truth, name) <= high
    return {name: count / times for name, count in held.items()}


@pytest.mark.parametrize(
    ("fields", "per_field", "stated"), [(200, 1, 0.95), (25, 12, 0.93), (6, 40, 0.91)]
)
def test_intervals_hold_the_truth(fields: int, per_field: int, stated: float) -> None:
    times = 120
    # fields of very different ease: a few of them hold the truth a little less often than 95 %
    least = stated - 4 * np.sqrt(stated * (1 - stated) / times)
    held = coverage(fields, per_field, times)
    assert min(held.values()) > least, held
    assert held["accuracy"] < 1


def test_drawing_objects_one_by_one_is_too_sure_where_fields_differ() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for groups in (None, np.repeat(np.arange(25), 12)):
        label, shares = drawn(np.random.default_rng(4), 25, 12)
        low, high = score(LABELS, label, shares, groups=groups).accuracy_ci95
        widths.append(high - low)
    assert widths[1] > 1.3 * widths[0]
    values = np.repeat(rng.normal(size=30).clip(-3, 3) / 3, 10)
    low, high = mean_interval(values, np.repeat(np.arange(30), 10), 0)
    half = 2.05 * values[::10].std(ddof=1) / np.sqrt(30)
    assert high - low == pytest.approx(2 * half, rel=0.1)


def test_weights_are_draws_with_replacement() -> None:
    weights = np.concatenate(list(draw_weights(500, None, 0, 400)), axis=1)
    assert weights.shape == (500, 400)
    assert (weights.sum(axis=0) == 500).all()
    # a multinomial count of mean 1 has the variance 1 - 1 / n
    assert weights.var() == pytest.approx(1, abs=0.02)
    groups = np.repeat([0, 1, 2], [5, 1, 3])
    kept = np.concatenate(list(draw_weights(9, groups, 0, 50)), axis=1)
    assert (kept[:5] == kept[0]).all()
    assert (kept[[0, 5, 6]].sum(axis=0) == 3).all()


def test_memory_does_not_grow_with_resamples() -> None:
    parts = list(draw_weights(100_000, None, 0, 100))
    assert len(parts) > 1
    assert sum(part.shape[1] for part in parts) == 100


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (310, 400), (3, 10)])
def test_wilson_interval_against_scipy(right: int, n: int) -> None:
    wilson = binomtest(right, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(right, n), tuple(wilson), atol=1e-9)


def test_where_all_resamples_agree() -> None:
    same = np.ones(100)
    assert bootstrap_interval(1.0, same, 7, share=True) == wilson_interval(7, 7)
    assert bootstrap_interval(1.0, same, 7) is None
    assert bootstrap_interval(float("nan"), same, 7) is None
    # an object always right: that all seven are says little
    scores = score(("a", "b"), np.zeros(7, int), np.tile([0.9, 0.1], (7, 1)))
    assert scores.accuracy_ci95 == wilson_interval(7, 7)


def test_one_field_tells_no_interval() -> None:
    label, shares = drawn(np.random.default_rng(0), 1, 50)
    scores = score(LABELS, label, shares, groups=np.zeros(50, dtype=np.int64))
    assert scores.groups == 1
    assert scores.ci95["accuracy"] is None


def test_a_few_fields_that_are_alike_by_chance() -> None:
    right = np.tile([1.0] * 9 + [0.0], 3)
    low, high = mean_interval(right, np.repeat([0, 1, 2], 10), 0, share=True) or (0.9, 0.9)
    assert (low, high) == (0.9, 0.9)
    right[0] = 0.0
    low, high = mean_interval(right, np.repeat([0, 1, 2], 10), 0, share=True)
    alone = mean_interval(right, None, 0, share=True)
    assert low <= alone[0] < alone[1] <= high
