"""Scores of predictions, each with the interval that its number of objects allows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from skyclass.errors import EvaluationError

__all__ = [
    "PairedDifference",
    "ReliabilityBin",
    "adjacent_accuracy",
    "paired_difference",
    "reliability",
    "score",
    "wilson_interval",
]

_Z95: Final = NormalDist().inv_cdf(0.975)
_SUM_TOLERANCE: Final = 1e-4  # far above float32 rounding, far below a forgotten normalisation


@dataclass(frozen=True)
class PairedDifference:
    """How much oftener one classifier is right than another, on the same objects."""

    accuracy_a: float
    """Share of objects that the first has right."""
    accuracy_b: float
    """Share of objects that the second has right."""
    difference: float
    """`accuracy_a` minus `accuracy_b`."""
    ci95: tuple[float, float]
    """95 % bootstrap interval of `difference`."""
    n: int
    """Number of objects."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Objects whose predicted class got a like probability."""

    low: float
    """Least probability of the bin."""
    high: float
    """Greatest probability of the bin, which belongs to the next bin except in the last."""
    count: int
    """Objects in the bin."""
    confidence: float | None
    """Mean probability of the predicted class; None where the bin is empty."""
    accuracy: float | None
    """Share of objects predicted right; None where the bin is empty."""
    ci95: tuple[float, float] | None
    """Wilson interval of `accuracy`; None where the bin is empty."""


def score(
    labels: Sequence[str], true: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> dict[str, Any]:
    """Score predictions against the true classes; the result is ready for JSON.

    The predicted class is the most probable one, the first of them where several are. A value is
    None where it is a division by zero: the precision of a class that was never predicted, the
    recall of a class without test objects, the F1 of a class that is neither. Such a value enters
    the weighted means as 0 (scikit-learn's ``zero_division=0``), so a class that the model ignores
    lowers `precision_weighted`; the weights are the numbers of true objects.

    Parameters
    ----------
    labels
        Class names in the order of the columns of `probabilities`.
    true
        Indices into `labels`, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`; each row sums to one.

    Returns
    -------
    dict
        `accuracy`; `accuracy_ci95`, its Wilson interval as `[low, high]`; `precision_weighted`,
        `recall_weighted`, `f1_weighted`; `per_class`, one dict of `precision`, `recall`, `f1` and
        `support` a label; `labels`; `confusion_matrix`, rows true, columns predicted.

    Raises
    ------
    EvaluationError
        Where the lengths differ, there are no objects, an index is out of range, or the
        probabilities are not finite, are negative or do not sum to one.
    """
    _check_probabilities(labels, probabilities)
    _check_true(true, len(probabilities), len(labels))
    predicted = probabilities.argmax(axis=1)
    classes = range(len(labels))
    right = int(np.count_nonzero(true == predicted))
    weighted = precision_recall_fscore_support(
        true, predicted, labels=classes, average="weighted", zero_division=0
    )
    matrix = confusion_matrix(true, predicted, labels=classes)
    return {
        "accuracy": right / len(true),
        "accuracy_ci95": list(wilson_interval(right, len(true))),
        "precision_weighted": float(weighted[0]),
        "recall_weighted": float(weighted[1]),
        "f1_weighted": float(weighted[2]),
        "per_class": _per_class(labels, true, predicted),
        "labels": list(labels),
        "confusion_matrix": matrix.tolist(),
    }


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Give the 95 % score interval of a proportion.

    Unlike the normal interval it stays within [0, 1] and holds for few objects and for
    proportions near one.

    Parameters
    ----------
    right
        Number of successes.
    n
        Number of trials, at least one.

    Returns
    -------
    low, high
        Ends of the interval.

    References
    ----------
    Wilson, E. B. 1927, Journal of the American Statistical Association 22, 209
    (doi:10.1080/01621459.1927.10502953).
    """
    share = right / n
    shrink = 1 + _Z95**2 / n
    centre = (share + _Z95**2 / (2 * n)) / shrink
    half = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_difference(
    true: NDArray[np.int64],
    predicted_a: NDArray[np.int64],
    predicted_b: NDArray[np.int64],
    *,
    seed: int = 0,
    resamples: int = 10_000,
) -> PairedDifference:
    """Compare the accuracies of two classifiers on the same objects.

    Objects are drawn with replacement and the difference is taken anew each time (percentile
    bootstrap). An object's difference is -1, 0 or 1, so a resample is one draw from a
    multinomial distribution of those three counts, and memory does not grow with the objects.

    Parameters
    ----------
    true
        Index of each object's class, `[n]`.
    predicted_a, predicted_b
        Predicted indices, `[n]`.
    seed
        Seed of the resampling.
    resamples
        Number of resamples.

    Returns
    -------
    PairedDifference
        The first minus the second, with its 95 % interval.

    Raises
    ------
    EvaluationError
        Where the lengths differ or there are no objects.

    References
    ----------
    Efron, B. & Tibshirani, R. J. 1993, An Introduction to the Bootstrap, ch. 13.
    """
    _check_lengths(len(true), len(predicted_a))
    _check_lengths(len(true), len(predicted_b))
    right_a, right_b = true == predicted_a, true == predicted_b
    n = len(true)
    lost = np.count_nonzero(~right_a & right_b)
    won = np.count_nonzero(right_a & ~right_b)
    shares = np.array([lost, n - lost - won, won]) / n
    counts = np.random.default_rng(seed).multinomial(n, shares, size=resamples)
    low, high = np.percentile((counts[:, 2] - counts[:, 0]) / n, [2.5, 97.5])
    return PairedDifference(
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=float((won - lost) / n),
        ci95=(float(low), float(high)),
        n=n,
    )


def adjacent_accuracy(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Give the share of objects put into their class or a neighbouring one.

    Parameters
    ----------
    true, predicted
        Indices into ordered classes, `[n]`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    EvaluationError
        Where the lengths differ or there are no objects.
    """
    _check_lengths(len(true), len(predicted))
    return float(np.mean(np.abs(true - predicted) <= 1))


def reliability(
    true: NDArray[np.int64], probabilities: NDArray[np.float64], *, bins: int = 10
) -> list[ReliabilityBin]:
    """Compare the probability of the predicted class with how often it is right.

    Parameters
    ----------
    true
        Index of each object's class, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`.
    bins
        Number of bins of equal width between 0 and 1.

    Returns
    -------
    list of ReliabilityBin
        One a bin, from the least probable, empty ones too.

    Raises
    ------
    EvaluationError
        Where the lengths differ or there are no objects.

    References
    ----------
    Guo, C. et al. 2017, On Calibration of Modern Neural Networks (arXiv:1706.04599), section 2.
    """
    predicted = probabilities.argmax(axis=1)
    _check_lengths(len(true), len(predicted))
    confidence = probabilities.max(axis=1)
    bin_of = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    right = np.bincount(bin_of[true == predicted], minlength=bins)
    summed = np.bincount(bin_of, weights=confidence, minlength=bins)
    return [
        _reliability_bin(i / bins, (i + 1) / bins, int(count[i]), int(right[i]), float(summed[i]))
        for i in range(bins)
    ]


def _reliability_bin(
    low: float, high: float, count: int, right: int, summed: float
) -> ReliabilityBin:
    """Make a bin of its counts and the sum of its objects' probabilities."""
    if count == 0:
        return ReliabilityBin(low, high, 0, None, None, None)
    interval = wilson_interval(right, count)
    return ReliabilityBin(low, high, count, summed / count, right / count, interval)


def _per_class(
    labels: Sequence[str], true: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, dict[str, float | int | None]]:
    """Score each class against all others, None where a score is undefined."""
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=range(len(labels)), zero_division=np.nan
    )
    return {
        label: {
            "precision": _defined(precision[i]),
            "recall": _defined(recall[i]),
            "f1": _defined(f1[i]),
            "support": int(support[i]),
        }
        for i, label in enumerate(labels)
    }


def _defined(value: float) -> float | None:
    """Turn not-a-number, which JSON cannot hold, into None."""
    return None if math.isnan(value) else float(value)


def _check_probabilities(labels: Sequence[str], probabilities: NDArray[np.float64]) -> None:
    """Refuse what is not one distribution over the labels an object."""
    if probabilities.ndim != 2 or probabilities.shape[1] != len(labels):
        raise EvaluationError(
            f"probabilities of shape {probabilities.shape} do not fit {len(labels)} labels"
        )
    for bad, fault in (
        (~np.isfinite(probabilities).all(axis=1), "are not finite"),
        ((probabilities < 0).any(axis=1), "are negative"),
        (np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE, "do not sum to one"),
    ):
        if bad.any():
            row = bad.argmax()
            raise EvaluationError(f"probabilities {fault} in row {row}: {probabilities[row]}")


def _check_true(true: NDArray[np.int64], n: int, classes: int) -> None:
    """Refuse true indices that do not fit `n` rows of `classes` probabilities."""
    _check_lengths(len(true), n)
    bad = (true < 0) | (true >= classes)
    if bad.any():
        row = bad.argmax()
        raise EvaluationError(f"label index {true[row]} of row {row} is not one of {classes}")


def _check_lengths(true: int, predicted: int) -> None:
    """Refuse no objects, and unequal numbers of them."""
    if true != predicted:
        raise EvaluationError(f"{true} true labels do not fit {predicted} predictions")
    if true == 0:
        raise EvaluationError("there are no objects to score")
