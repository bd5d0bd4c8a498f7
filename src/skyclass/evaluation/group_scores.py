"""Accuracy by groups of observations, such as the exposures of one star: each group counts once."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.evaluation.check_predictions import check_lengths, renumber_groups
from skyclass.evaluation.intervals import ScoreInterval, mean_interval

__all__ = ["GroupScores", "score_groups"]


class GroupScores(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Shares of correct predictions, averaged over groups in which they are averaged first."""

    groups: int
    """Number of groups."""
    accuracy: float
    """Mean over the groups of the share of a group's observations that are predicted correctly."""
    accuracy_ci95: ScoreInterval | None
    """Its 95 % bootstrap interval over groups; None where undetermined."""
    adjacent: float | None
    """The same with neighbouring classes counted as correct; None if classes have no order."""
    adjacent_ci95: ScoreInterval | None
    """Its interval."""


def score_groups(
    label: NDArray[np.int64],
    predicted: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    ordered: bool = False,
    seed: int = 0,
) -> GroupScores:
    """Compute accuracies in which each group has the same weight.

    Parameters
    ----------
    label, predicted
        Indices of the true and the predicted classes, `[n]`.
    groups
        Number of each object's group, `[n]`.
    ordered
        Whether neighbouring classes are alike.
    seed
        Seed of the resampling.

    Returns
    -------
    GroupScores
        Means over groups, with intervals.

    Raises
    ------
    EvaluationError
        If the lengths differ or there are no objects.

    Examples
    --------
    >>> import numpy as np
    >>> label, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0])
    >>> score_groups(label, predicted, np.array([7, 7, 7, 9])).accuracy.__round__(3)
    0.333
    """
    check_lengths(len(label), len(predicted))
    numbers = renumber_groups(groups, len(label))
    assert numbers is not None
    apart = np.abs(label - predicted)
    accuracy, accuracy_ends = _average(apart == 0, numbers, seed)
    adjacent, adjacent_ends = _average(apart <= 1, numbers, seed) if ordered else (None, None)
    return GroupScores(
        groups=int(numbers.max()) + 1,
        accuracy=accuracy,
        accuracy_ci95=accuracy_ends,
        adjacent=adjacent,
        adjacent_ci95=adjacent_ends,
    )


def _average(
    right: NDArray[np.bool_], groups: NDArray[np.int64], seed: int
) -> tuple[float, ScoreInterval | None]:
    """Average the shares of the groups; return the mean and its interval."""
    shares = np.bincount(groups, weights=right) / np.bincount(groups)
    return float(shares.mean()), mean_interval(shares, None, seed)
