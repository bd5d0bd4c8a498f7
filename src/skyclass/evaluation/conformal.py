"""Conformal prediction sets: the classes that cannot be excluded at a stated coverage."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.check_predictions import check_groups
from skyclass.evaluation.intervals import mean_interval

__all__ = [
    "COVERAGE",
    "evaluate_conformal",
    "fit_class_thresholds",
    "fit_threshold",
    "make_prediction_sets",
]

COVERAGE: Final = 0.9
"""Share of objects whose set shall hold their true class."""


def fit_threshold(scores: NDArray[np.float64], coverage: float = COVERAGE) -> float:
    """Give the score that a stated share of exchangeable objects does not exceed.

    Parameters
    ----------
    scores
        One less the probability of the true class, of objects that nothing was fitted to, `[n]`.
    coverage
        Stated share.

    Returns
    -------
    float
        The ``ceil((n + 1) coverage)``-th smallest score; infinite where there are too few objects
        for any promise.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; the score is that of
    Sadinle, Lei & Wasserman 2019, Journal of the American Statistical Association 114, 223, which
    gives the smallest sets.
    """
    # rounded, as 10 * 0.9 is a little more than 9 in floating point
    rank = math.ceil(round((len(scores) + 1) * coverage, 9))
    return math.inf if rank > len(scores) else float(np.sort(scores)[rank - 1])


def fit_class_thresholds(
    true: NDArray[np.int64], probabilities: NDArray[np.float64], coverage: float = COVERAGE
) -> NDArray[np.float64]:
    """Give each class a threshold of its own, fitted on its own objects.

    Parameters
    ----------
    true
        Classes of the calibration objects, `[n]`.
    probabilities
        `[n, k]`.
    coverage
        Stated share of each class.

    Returns
    -------
    numpy.ndarray
        `[k]`; infinite for a class with too few objects (fewer than 9 for 90 %).
    """
    scores = _scores(true, probabilities)
    classes = range(probabilities.shape[1])
    return np.array([fit_threshold(scores[true == k], coverage) for k in classes])


def make_prediction_sets(
    probabilities: NDArray[np.float64], limits: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which classes belong to each object's set.

    Parameters
    ----------
    probabilities
        `[n, k]`.
    limits
        One threshold, or one a class, `[k]`.

    Returns
    -------
    numpy.ndarray
        `[n, k]`; a set may be empty: then no class is likely enough.
    """
    return np.asarray(1.0 - probabilities <= limits)


def evaluate_conformal(
    labels: Sequence[str],
    fitted_on: tuple[NDArray[np.int64], NDArray[np.float64]],
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit prediction sets on calibration objects and see on test objects what they come to.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    fitted_on
        True classes and probabilities of the calibration objects, which neither weights nor
        stopping have seen.
    true, probabilities
        Those of the test objects, `[n]` and `[n, k]`.
    groups
        Group of each test object, `[n]`, where the split kept groups together.
    seed
        Seed of the resampling.

    Returns
    -------
    dict
        `coverage` (stated), `n` (calibration objects), and `marginal` and `per_class`, for each of
        which: `thresholds` by class, `found` (coverage of the test objects) with `ci95`,
        `mean_size`, `sizes` (objects by the number of classes in their set) and `classes`, for each
        of which `found`, `ci95`, `n` (calibration objects) and `promised`, whether the stated
        coverage holds for the class by itself.
    """
    calibrating, shares = fitted_on
    counts = np.bincount(calibrating, minlength=len(labels))
    one = fit_threshold(_scores(calibrating, shares))
    own = fit_class_thresholds(calibrating, shares)
    enough = np.isfinite(own)
    # classes with too few objects share the common threshold
    rules = {"marginal": np.full(len(labels), one), "per_class": np.where(enough, own, one)}
    promised = {"marginal": np.zeros_like(enough), "per_class": enough}
    found: dict[str, Any] = {"coverage": COVERAGE, "n": len(calibrating)}
    for name, limits in rules.items():
        outcome = _outcome(labels, true, make_prediction_sets(probabilities, limits), groups, seed)
        for k, label in enumerate(labels):
            outcome["classes"][label] |= {"n": int(counts[k]), "promised": bool(promised[name][k])}
        told = [float(limit) if math.isfinite(limit) else None for limit in limits]
        found[name] = {"thresholds": dict(zip(labels, told, strict=True)), **outcome}
    return found


def _outcome(
    labels: Sequence[str],
    true: NDArray[np.int64],
    sets: NDArray[np.bool_],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> dict[str, Any]:
    """Tell how large sets are and how often they hold the true class."""
    held = sets[np.arange(len(true)), true].astype(np.float64)
    return {
        **_coverage(held, groups, seed),
        "mean_size": float(sets.sum(axis=1).mean()),
        "sizes": np.bincount(sets.sum(axis=1), minlength=len(labels) + 1).tolist(),
        "classes": {
            label: _coverage(held[true == k], None if groups is None else groups[true == k], seed)
            for k, label in enumerate(labels)
        },
    }


def _scores(true: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give one less the probability of the true class, `[n]`."""
    return np.asarray(1.0 - probabilities[np.arange(len(true)), true])


def _coverage(
    held: NDArray[np.float64], groups: NDArray[np.int64] | None, seed: int
) -> dict[str, Any]:
    """Give the share of objects whose class is in their set, and its interval."""
    if len(held) == 0:
        return {"found": None, "ci95": None}
    ends = mean_interval(held, check_groups(groups, len(held)), seed, share=True)
    return {"found": float(held.mean()), "ci95": None if ends is None else list(ends)}
