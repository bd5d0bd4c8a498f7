"""Whether probabilities are what they say: reliability, calibration error, temperature undone."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import EvaluationError
from skyclass.evaluation.intervals import wilson_interval

__all__ = [
    "BINS",
    "ReliabilityBin",
    "assign_bins",
    "compute_reliability",
    "reliability_table",
    "undo_temperature",
]

BINS: Final = 10
"""Bins of equal width between 0 and 1, of the reliability curve and the calibration error."""


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


def assign_bins(confidence: NDArray[np.float64], bins: int = BINS) -> NDArray[np.int64]:
    """Give the bin that each probability lies in.

    Parameters
    ----------
    confidence
        Probabilities of the predicted classes, `[n]`.
    bins
        Number of bins.

    Returns
    -------
    numpy.ndarray
        From 0, `[n]`.
    """
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def compute_reliability(
    true: NDArray[np.int64], probabilities: NDArray[np.float64], *, bins: int = BINS
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
    if len(true) != len(probabilities) or len(true) == 0:
        raise EvaluationError(
            f"{len(true)} true labels do not fit {len(probabilities)} predictions"
        )
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    bin_of = assign_bins(confidence, bins)
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


def reliability_table(
    true: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Give the bins of `compute_reliability`, ready for JSON.

    Parameters
    ----------
    true, probabilities
        As `compute_reliability` takes them.

    Returns
    -------
    list of dict
        With the fields of `ReliabilityBin`.
    """
    bins = compute_reliability(true, probabilities)
    return [{**asdict(each), "ci95": each.ci95 and list(each.ci95)} for each in bins]


def undo_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Undo a temperature: the probabilities that the logits give by themselves.

    Exact for a softmax of logits over the temperature. Where an image type makes several samples of
    an object, their mean is taken for one softmax.

    Parameters
    ----------
    probabilities
        With the temperature applied, `[n, k]`.
    temperature
        What the logits were divided by.

    Returns
    -------
    numpy.ndarray
        `[n, k]`, each row adding up to one.
    """
    # the greatest of each row becomes 1, so that no row vanishes
    raised = (probabilities / probabilities.max(axis=1, keepdims=True)) ** temperature
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
