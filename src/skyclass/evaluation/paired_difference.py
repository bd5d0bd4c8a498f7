"""Two classifiers on the same objects: which is right more often, and whether by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from skyclass.evaluation.check_predictions import check_groups, check_lengths
from skyclass.evaluation.intervals import count_units, mean_interval, wilson_interval

__all__ = ["PairedDifference", "compare_accuracies"]


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
    only_a: int
    """Objects that only the first has right."""
    only_b: int
    """Objects that only the second has right."""
    p_value: float
    """Exact McNemar test: how likely numbers so unlike are where both are right equally often. It
    takes objects as independent, also where the interval does not."""


def compare_accuracies(
    true: NDArray[np.int64],
    predicted_a: NDArray[np.int64],
    predicted_b: NDArray[np.int64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> PairedDifference:
    """Compare the accuracies of two classifiers on the same objects.

    Parameters
    ----------
    true
        Index of each object's class, `[n]`.
    predicted_a, predicted_b
        Predicted indices, `[n]`.
    groups
        Number of each object's group, `[n]`, where the split kept groups together; they are then
        resampled whole.
    seed
        Seed of the resampling.

    Returns
    -------
    PairedDifference
        The first minus the second, with its 95 % interval. Where resamples do not tell, it is as
        wide as a share may be that no object, or group, showed (Wilson).

    Raises
    ------
    EvaluationError
        Where the lengths differ or there are no objects.

    References
    ----------
    McNemar, Q. 1947, Psychometrika 12, 153 (doi:10.1007/BF02295996), in its exact form.
    """
    for predicted in (predicted_a, predicted_b):
        check_lengths(len(true), len(predicted))
    groups = check_groups(groups, len(true))
    right_a, right_b = true == predicted_a, true == predicted_b
    apart = right_a.astype(np.float64) - right_b
    difference = float(apart.mean())
    found = mean_interval(apart, groups, seed)
    if found is None:
        room = wilson_interval(0, count_units(len(true), groups))[1]
        found = max(-1.0, difference - room), min(1.0, difference + room)
    only_a, only_b = (int(np.count_nonzero(apart == sign)) for sign in (1, -1))
    return PairedDifference(
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=difference,
        ci95=found,
        n=len(true),
        only_a=only_a,
        only_b=only_b,
        p_value=_mcnemar(only_a, only_b),
    )


def _mcnemar(only_a: int, only_b: int) -> float:
    """Test whether the objects that one alone has right are divided evenly."""
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b).pvalue)
