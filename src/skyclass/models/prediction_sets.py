"""Conformal prediction sets: which classes cannot be excluded at a stated coverage."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COVERAGE",
    "compute_nonconformity",
    "fit_threshold",
    "fit_weighted_thresholds",
    "format_sets",
    "make_prediction_sets",
]

COVERAGE: Final = 0.9
"""Share of objects whose set is to contain their true class."""


def compute_nonconformity(
    label: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute one minus the probability of the true class.

    Parameters
    ----------
    label
        True classes, `[n]`.
    probabilities
        `[n, k]`.

    Returns
    -------
    numpy.ndarray
        `[n]`.
    """
    return np.asarray(1.0 - probabilities[np.arange(len(label)), label])


def fit_threshold(scores: NDArray[np.float64], coverage: float = COVERAGE) -> float:
    """Compute the score that a stated share of exchangeable objects does not exceed.

    Parameters
    ----------
    scores
        One minus the probability of the true class, of objects that nothing was fitted to, `[n]`.
    coverage
        Stated share.

    Returns
    -------
    float
        The ``ceil((n + 1) coverage)``-th smallest score; infinite if there are too few objects
        for a guarantee.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; the score is that of
    Sadinle, Lei & Wasserman 2019, Journal of the American Statistical Association 114, 223, which
    yields the smallest sets.
    """
    # rounded, as 10 * 0.9 is a little more than 9 in floating point
    rank = math.ceil(round((len(scores) + 1) * coverage, 9))
    return math.inf if rank > len(scores) else float(np.sort(scores)[rank - 1])


def fit_weighted_thresholds(
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    weights: NDArray[np.float64],
    coverage: float = COVERAGE,
) -> NDArray[np.float64]:
    """Compute thresholds that hold where classes are as frequent as their weights say.

    Parameters
    ----------
    label
        True classes of the calibration objects, `[n]`.
    probabilities
        Those on the other sky, `[n, k]`.
    weights
        Share of each class there over its share among the calibration objects, `[k]`.
    coverage
        Stated share.

    Returns
    -------
    numpy.ndarray
        Threshold of each class, `[k]`; the same for all, that of `fit_threshold`, if the weights
        are equal.

    References
    ----------
    Podkopaev & Ramdas 2021, UAI: conformal prediction under label shift.
    """
    scores = compute_nonconformity(label, probabilities)
    order = np.argsort(scores, kind="stable")
    mass = np.cumsum(weights[label[order]])
    padded = np.append(scores[order], math.inf)
    # rounded, as 10 * 0.9 is a little more than 9 in floating point
    needed = np.round(coverage * (mass[-1] + weights), 9)
    return np.asarray(padded[np.searchsorted(np.round(mass, 9), needed)])


def make_prediction_sets(
    probabilities: NDArray[np.float64], thresholds: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Select the classes that belong to each object's set.

    Parameters
    ----------
    probabilities
        `[n, k]`.
    thresholds
        One threshold, or one for each class, `[k]`.

    Returns
    -------
    numpy.ndarray
        `[n, k]`; a set may be empty if no class is probable enough.
    """
    return np.asarray(1.0 - probabilities <= thresholds)


def format_sets(
    labels: Sequence[str],
    probabilities: NDArray[np.float64],
    contained: NDArray[np.bool_],
) -> list[str]:
    """Name the classes of each set, the most probable first.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    probabilities
        `[n, k]`.
    contained
        Classes of each set, `[n, k]`.

    Returns
    -------
    list of str
        Names joined by ``|``.

    Examples
    --------
    >>> import numpy as np
    >>> from skyclass.models.prediction_sets import format_sets, make_prediction_sets
    >>> shares = np.array([[0.2, 0.7, 0.1]])
    >>> format_sets(["star", "galaxy", "quasar"], shares, make_prediction_sets(shares, 0.85))
    ['galaxy|star']
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return [
        "|".join(labels[k] for k in likely if inside[k])
        for likely, inside in zip(order.tolist(), contained, strict=True)
    ]
