"""Checks of predictions before they are scored."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import EvaluationError

__all__ = ["check_lengths", "check_predictions", "renumber_groups"]

_SUM_TOLERANCE: Final = 1e-4  # far above float32 rounding, far below a forgotten normalisation


def check_predictions(
    labels: Sequence[str], label: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> None:
    """Check that every object has one true class and a probability distribution over the classes.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    label
        Index of each object's true class in `labels`, `[n]`.
    probabilities
        `[n, k]`.

    Raises
    ------
    EvaluationError
        Naming the row that is invalid.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != len(labels):
        raise EvaluationError(
            f"probabilities have the shape {probabilities.shape}, which does not fit"
            f" {len(labels)} classes"
        )
    check_lengths(len(label), len(probabilities))
    for bad, fault in (
        (~np.isfinite(probabilities).all(axis=1), "are not finite"),
        ((probabilities < 0).any(axis=1), "are negative"),
        (np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE, "do not sum to one"),
    ):
        if bad.any():
            row = bad.argmax()
            raise EvaluationError(f"probabilities of row {row} {fault}: {probabilities[row]}")
    bad = (label < 0) | (label >= len(labels))
    if bad.any():
        row = bad.argmax()
        raise EvaluationError(
            f"label of row {row} must be 0 to {len(labels) - 1}, got {label[row]}"
        )


def renumber_groups(groups: NDArray[np.int64] | None, n: int) -> NDArray[np.int64] | None:
    """Renumber groups from 0 without gaps.

    Parameters
    ----------
    groups
        Number of each object's group, `[n]`, or None.
    n
        Number of objects.

    Returns
    -------
    numpy.ndarray or None
        `[n]`; every number from 0 to the greatest occurs.

    Raises
    ------
    EvaluationError
        If there are more or fewer than `n`.
    """
    if groups is None:
        return None
    if len(groups) != n:
        raise EvaluationError(f"groups must have one entry per object, got {len(groups)} for {n}")
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def check_lengths(labels: int, predictions: int) -> None:
    """Check that there are objects, and as many predictions as true classes.

    Parameters
    ----------
    labels, predictions
        Numbers of true classes and of predictions.

    Raises
    ------
    EvaluationError
        If they differ or are zero.
    """
    if labels != predictions:
        raise EvaluationError(
            f"labels and predictions must be of the same objects, got {labels} labels and"
            f" {predictions} predictions"
        )
    if labels == 0:
        raise EvaluationError("predictions are empty: there is no object to score")
