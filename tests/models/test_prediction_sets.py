"""Sets keep their coverage on a sky with other class frequencies than the calibration objects."""

import numpy as np
import pytest

from skyclass.models.prediction_sets import (
    compute_nonconformity,
    fit_threshold,
    fit_weighted_thresholds,
    make_prediction_sets,
)


def draw(shares: list[float], n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Objects of three classes with one Gaussian number each, and Bayes' probabilities at 1/3."""
    rng = np.random.default_rng(seed)
    label = rng.choice(3, n, p=shares)
    x = rng.normal(label * 1.5, 1.0)
    density = np.exp(-0.5 * (x[:, None] - 1.5 * np.arange(3)) ** 2)
    return label, density / density.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n", [5, 9, 57, 200])
def test_equal_weights_are_no_weights(n: int) -> None:
    label, shares = draw([0.2, 0.3, 0.5], n, n)
    expected = fit_threshold(compute_nonconformity(label, shares), 0.9)
    thresholds = fit_weighted_thresholds(label, shares, np.ones(3), 0.9)
    np.testing.assert_array_equal(thresholds, np.full(3, expected))


def test_coverage_holds_on_another_sky() -> None:
    equal, sky = [1 / 3] * 3, [0.05, 0.9, 0.05]
    weights = np.array(sky) * 3
    held = {True: [], False: []}
    for seed in range(40):
        label, shares = draw(equal, 300, seed)
        test, probabilities = draw(sky, 500, 100 + seed)
        for carried in held:
            ratio = weights if carried else np.ones(3)
            one, other = (
                values * weights / (values * weights).sum(axis=1, keepdims=True)
                for values in (shares, probabilities)
            )
            sets = make_prediction_sets(other, fit_weighted_thresholds(label, one, ratio, 0.8))
            held[carried].append(sets[np.arange(500), test].mean())
    assert np.mean(held[True]) == pytest.approx(0.8, abs=0.015)
    # which thresholds of the calibration objects as they are do not do
    assert abs(np.mean(held[False]) - 0.8) > 0.05
