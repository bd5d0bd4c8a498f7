"""Reliability: how often predictions of a stated probability are right."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.evaluation.check_predictions import check_lengths
from skyclass.evaluation.intervals import ScoreInterval, wilson_interval

__all__ = ["BINS", "ReliabilityBin", "assign_bins", "compute_reliability"]

BINS: Final = 10
"""Number of bins of equal width from 0 to 1, of the reliability curve and the calibration error."""


class ReliabilityBin(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Objects whose predicted classes have similar probabilities."""

    low: float
    """Least probability of the bin."""
    high: float
    """Greatest probability of the bin; it belongs to the next bin, except in the last."""
    count: int
    """Number of objects."""
    confidence: float | None
    """Mean probability of the predicted class; None if the bin is empty."""
    accuracy: float | None
    """Share of objects predicted correctly; None if the bin is empty."""
    ci95: ScoreInterval | None
    """Wilson interval of `accuracy`; None if the bin is empty."""


def assign_bins(confidence: NDArray[np.float64], bins: int = BINS) -> NDArray[np.int64]:
    """Assign probabilities to bins of equal width.

    Parameters
    ----------
    confidence
        Probabilities of the predicted classes, `[n]`.
    bins
        Number of bins.

    Returns
    -------
    numpy.ndarray
        Number of each probability's bin, from 0, `[n]`.
    """
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def compute_reliability(
    label: NDArray[np.int64], probabilities: NDArray[np.float64], *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Compare the probability of the predicted class with the share of correct predictions.

    Parameters
    ----------
    label
        Index of each object's true class, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`.
    bins
        Number of bins of equal width between 0 and 1.

    Returns
    -------
    tuple of ReliabilityBin
        One per bin, the lowest probability first, including empty ones.

    Raises
    ------
    EvaluationError
        If the lengths differ or there are no objects.

    References
    ----------
    Guo, C. et al. 2017, On Calibration of Modern Neural Networks (arXiv:1706.04599), section 2.
    """
    check_lengths(len(label), len(probabilities))
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    bin_number = assign_bins(confidence, bins)
    count = np.bincount(bin_number, minlength=bins)
    right = np.bincount(bin_number[label == predicted], minlength=bins)
    summed = np.bincount(bin_number, weights=confidence, minlength=bins)
    return tuple(
        _make_bin(i / bins, (i + 1) / bins, int(count[i]), int(right[i]), float(summed[i]))
        for i in range(bins)
    )


def _make_bin(low: float, high: float, count: int, right: int, summed: float) -> ReliabilityBin:
    """Build a bin from its counts and the sum of its objects' probabilities."""
    empty = count == 0
    return ReliabilityBin(
        low=low,
        high=high,
        count=count,
        confidence=None if empty else summed / count,
        accuracy=None if empty else right / count,
        ci95=None if empty else wilson_interval(right, count),
    )
