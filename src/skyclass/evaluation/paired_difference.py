"""Two classifiers on the same objects: which is right more often, and whether by chance."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy.stats import binomtest

from skyclass.evaluation.check_predictions import check_lengths, renumber_groups
from skyclass.evaluation.intervals import (
    ScoreInterval,
    count_units,
    mean_interval,
    wilson_interval,
)

__all__ = ["PairedDifference", "compare_accuracies"]


class PairedDifference(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Difference of the accuracies of two classifiers on the same objects."""

    accuracy_a: float
    """Accuracy of the first."""
    accuracy_b: float
    """Accuracy of the second."""
    difference: float
    """`accuracy_a` minus `accuracy_b`."""
    ci95: ScoreInterval
    """95 % bootstrap interval of `difference`."""
    n: int
    """Number of objects."""
    only_a: int
    """Number of objects that only the first classifies correctly."""
    only_b: int
    """Number of objects that only the second classifies correctly."""
    p_value: float
    """Exact McNemar test: probability of numbers at least as unequal if both are right equally
    often. It takes objects as independent, also where the interval does not."""


def compare_accuracies(
    label: NDArray[np.int64],
    predicted_a: NDArray[np.int64],
    predicted_b: NDArray[np.int64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> PairedDifference:
    """Compare the accuracies of two classifiers on the same objects.

    Parameters
    ----------
    label
        Index of each object's true class, `[n]`.
    predicted_a, predicted_b
        Indices of the predicted classes, `[n]`.
    groups
        Number of each object's group, `[n]`, where the split kept groups together; they are then
        resampled whole.
    seed
        Seed of the resampling.

    Returns
    -------
    PairedDifference
        The first minus the second, with its 95 % interval. Where the resamples determine none, it
        is as wide as a share may be that no object, or group, showed (Wilson).

    Raises
    ------
    EvaluationError
        If the lengths differ or there are no objects.

    References
    ----------
    McNemar, Q. 1947, Psychometrika 12, 153 (doi:10.1007/BF02295996), in its exact form.
    """
    for predicted in (predicted_a, predicted_b):
        check_lengths(len(label), len(predicted))
    groups = renumber_groups(groups, len(label))
    right_a, right_b = label == predicted_a, label == predicted_b
    gain = right_a.astype(np.float64) - right_b
    difference = float(gain.mean())
    ends = mean_interval(gain, groups, seed)
    if ends is None:
        margin = wilson_interval(0, count_units(len(label), groups)).high
        ends = ScoreInterval(max(-1.0, difference - margin), min(1.0, difference + margin))
    only_a, only_b = (int(np.count_nonzero(gain == sign)) for sign in (1, -1))
    return PairedDifference(
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=difference,
        ci95=ends,
        n=len(label),
        only_a=only_a,
        only_b=only_b,
        p_value=_test_mcnemar(only_a, only_b),
    )


def _test_mcnemar(only_a: int, only_b: int) -> float:
    """Test whether the objects that one classifier alone has right are divided evenly."""
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b).pvalue)
