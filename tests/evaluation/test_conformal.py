"""Prediction sets hold the true class as often as stated."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from evaluation.made import LABELS, made_shares
from skyclass.evaluation.calibration import undo_temperature
from skyclass.evaluation.conformal import (
    evaluate_conformal,
    fit_class_thresholds,
)
from skyclass.models.prediction_sets import (
    fit_threshold,
    make_prediction_sets,
)


def loss(power: float, label: np.ndarray, shares: np.ndarray) -> float:
    return -np.log(undo_temperature(shares, power)[np.arange(len(label)), label]).sum()


def test_threshold_by_hand() -> None:
    scores = np.arange(1, 20) / 100
    # (19 + 1) * 0.9 = 18
    assert fit_threshold(scores, 0.9) == 0.18
    assert fit_threshold(scores[:9], 0.9) == 0.09
    assert fit_threshold(scores[:8], 0.9) == math.inf


def test_sets_keep_their_promise_on_average() -> None:
    held, held_scaled, times = [], [], 400
    for seed in range(times):
        label, shares = made_shares(seed, 160)
        one = fit_threshold(1 - shares[np.arange(50), label[:50]])
        held.append(make_prediction_sets(shares[50:], one)[np.arange(110), label[50:]].mean())
        # the temperature is fitted on the same objects as the sets
        best = minimize_scalar(loss, args=(label[:50], shares[:50]), bounds=(0.1, 5)).x
        scaled = undo_temperature(shares, best)
        one = fit_threshold(1 - scaled[np.arange(50), label[:50]])
        held_scaled.append(
            make_prediction_sets(scaled[50:], one)[np.arange(110), label[50:]].mean()
        )
    # exact for 50 objects: between 0.9 and 0.9 + 1 / 51
    error = np.std(held) / np.sqrt(times)
    assert 0.9 - 3 * error < np.mean(held) < 0.9 + 1 / 51 + 3 * error
    assert np.mean(held_scaled) == pytest.approx(np.mean(held), abs=0.01)


def test_each_class_keeps_its_own_promise() -> None:
    held = []
    for seed in range(200):
        label, shares = made_shares(seed, 400)
        # a class that is hard to tell, which a common threshold would fail
        shares[label == 2] = shares[label == 2][:, [2, 1, 0]] * 0.5 + shares[label == 2] * 0.5
        limits = fit_class_thresholds(label[:200], shares[:200])
        inside = make_prediction_sets(shares[200:], limits)[np.arange(200), label[200:]]
        held.append([inside[label[200:] == k].mean() for k in range(3)])
    error = np.std(held, axis=0) / np.sqrt(200)
    assert (np.mean(held, axis=0) > 0.9 - 3 * error).all()
    assert (np.mean(held, axis=0) < 0.93).all()


def test_coverage_and_sizes_of_the_sets() -> None:
    label, shares = made_shares(1, 600)
    few = np.flatnonzero((label[:200] != 2) | (np.arange(200) < 12))
    fitted_on = label[:200][few], shares[:200][few]
    result = evaluate_conformal(
        LABELS, fitted_on, label[200:], shares[200:], groups=np.arange(400) // 10
    )
    assert result.n == len(few)
    marginal, own = result.marginal, result.per_class
    limits = np.array([marginal.thresholds[name] for name in LABELS])
    sets = make_prediction_sets(shares[200:], limits)
    assert marginal.observed == sets[np.arange(400), label[200:]].mean()
    assert marginal.ci95.low < marginal.observed < marginal.ci95.high
    assert marginal.mean_size == sets.sum() / 400
    assert sum(marginal.sizes) == 400
    assert sum(i * count for i, count in enumerate(marginal.sizes)) == sets.sum()
    assert not any(each.promised for each in marginal.classes.values())
    assert [own.classes[name].promised for name in LABELS] == [True, True, False]
    # too few objects of their own: the common threshold
    assert own.thresholds["quasar"] == marginal.thresholds["quasar"]


def test_too_few_objects_for_any_promise() -> None:
    label, shares = made_shares(1, 60)
    result = evaluate_conformal(LABELS, (label[:5], shares[:5]), label[5:], shares[5:])
    assert result.marginal.thresholds == dict.fromkeys(LABELS)
    assert result.marginal.observed == 1
    assert result.marginal.mean_size == 3
