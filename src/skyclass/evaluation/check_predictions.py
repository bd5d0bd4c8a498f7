"""Refuse predictions that cannot be scored."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import EvaluationError

__all__ = ["check_groups", "check_lengths", "check_predictions"]

_SUM_TOLERANCE: Final = 1e-4  # far above float32 rounding, far below a forgotten normalisation


def check_predictions(
    labels: Sequence[str], true: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> None:
    """Refuse what is not one true class and one distribution over the labels an object.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    true
        Indices into `labels`, `[n]`.
    probabilities
        `[n, k]`.

    Raises
    ------
    EvaluationError
        Saying which row is wrong.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != len(labels):
        raise EvaluationError(
            f"probabilities of shape {probabilities.shape} do not fit {len(labels)} labels"
        )
    check_lengths(len(true), len(probabilities))
    for bad, fault in (
        (~np.isfinite(probabilities).all(axis=1), "are not finite"),
        ((probabilities < 0).any(axis=1), "are negative"),
        (np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE, "do not sum to one"),
    ):
        if bad.any():
            row = bad.argmax()
            raise EvaluationError(f"probabilities {fault} in row {row}: {probabilities[row]}")
    bad = (true < 0) | (true >= len(labels))
    if bad.any():
        row = bad.argmax()
        raise EvaluationError(f"label index {true[row]} of row {row} is not one of {len(labels)}")


def check_groups(groups: NDArray[np.int64] | None, n: int) -> NDArray[np.int64] | None:
    """Give groups numbers from 0 without gaps.

    Parameters
    ----------
    groups
        Number of each object's group, `[n]`, or None.
    n
        Number of objects.

    Returns
    -------
    numpy.ndarray or None
        `[n]`, each number from 0 to the greatest taken.

    Raises
    ------
    EvaluationError
        Where there are more or fewer than `n`.
    """
    if groups is None:
        return None
    if len(groups) != n:
        raise EvaluationError(f"{len(groups)} groups do not fit {n} objects")
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def check_lengths(true: int, predicted: int) -> None:
    """Refuse no objects, and unequal numbers of them.

    Parameters
    ----------
    true, predicted
        Numbers of true and predicted classes.

    Raises
    ------
    EvaluationError
        Where they differ or are zero.
    """
    if true != predicted:
        raise EvaluationError(f"{true} true labels do not fit {predicted} predictions")
    if true == 0:
        raise EvaluationError("there are no objects to score")
