"""Differences on the same objects against their variance, McNemar's test and simulation."""

from math import comb

import numpy as np
import pytest

from skyclass.errors import EvaluationError
from skyclass.evaluation.paired_difference import compare_accuracies

ZEROS = np.zeros(2000, dtype=np.int64)


def guesses(rng: np.random.Generator, share: float, n: int = 2000) -> np.ndarray:
    return (rng.uniform(size=n) > share).astype(np.int64)


def test_against_its_variance() -> None:
    rng = np.random.default_rng(3)
    one, other = guesses(rng, 0.85), guesses(rng, 0.8)
    difference = compare_accuracies(ZEROS, one, other)
    apart = (one == 0).astype(float) - (other == 0)
    half = 1.96 * apart.std() / np.sqrt(2000)
    assert difference.difference == pytest.approx(apart.mean())
    assert difference.accuracy_a - difference.accuracy_b == pytest.approx(difference.difference)
    np.testing.assert_allclose(
        difference.ci95, (apart.mean() - half, apart.mean() + half), atol=0.003
    )


@pytest.mark.parametrize(("only_a", "only_b"), [(9, 2), (5, 5), (0, 6), (0, 0)])
def test_mcnemar_by_hand(only_a: int, only_b: int) -> None:
    label = np.zeros(40, dtype=np.int64)
    one, other = label.copy(), label.copy()
    other[:only_a], one[only_a : only_a + only_b] = 1, 1
    difference = compare_accuracies(label, one, other)
    n, least = only_a + only_b, min(only_a, only_b)
    tail = sum(comb(n, k) for k in range(least + 1)) / 2**n
    assert (difference.only_a, difference.only_b) == (only_a, only_b)
    assert difference.p_value == pytest.approx(min(1.0, 2 * tail))


def test_intervals_hold_the_truth_where_fields_are_alike() -> None:
    rng = np.random.default_rng(5)
    held, fields, size, times = 0, 20, 15, 150
    groups, label = np.repeat(np.arange(fields), size), np.zeros(fields * size, dtype=np.int64)
    for seed in range(times):
        shares = np.repeat(rng.uniform(0.6, 1.0, fields), size)
        one = (rng.uniform(size=len(label)) > shares).astype(np.int64)
        other = (rng.uniform(size=len(label)) > 0.75).astype(np.int64)
        low, high = compare_accuracies(label, one, other, groups=groups, seed=seed).ci95
        held += low <= 0.8 - 0.75 <= high
    assert held / times > 0.95 - 4 * np.sqrt(0.95 * 0.05 / times)


def test_the_same_predictions_leave_room() -> None:
    difference = compare_accuracies(ZEROS, ZEROS, ZEROS)
    assert difference.difference == 0
    assert difference.ci95[0] < 0 < difference.ci95[1] < 0.005


def test_lengths_must_agree() -> None:
    with pytest.raises(EvaluationError, match="got 2000 labels and 3 predictions"):
        compare_accuracies(ZEROS, ZEROS, ZEROS[:3])
