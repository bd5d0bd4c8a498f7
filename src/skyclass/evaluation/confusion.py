"""Scores that a confusion matrix tells, for one matrix or for many at once."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide", "score_matrices"]

Array = NDArray[np.float64]


def score_matrices(matrix: Array) -> dict[str, Array]:
    """Score confusion matrices.

    The names and values are scikit-learn's. A score that is a division by zero is not a number; in
    means over classes it counts as 0. These means are over the classes that have objects or
    predictions (`recall`, in the balanced accuracy, over those that have objects), so a class that
    is neither there nor predicted does not count.

    Parameters
    ----------
    matrix
        Numbers of objects, `[true, predicted, ...]`; they need not be whole.

    Returns
    -------
    dict
        `precision`, `recall` and `f1`, `[class, ...]`; `accuracy`, `balanced_accuracy`, `kappa`
        (Cohen 1960, Educational and Psychological Measurement 20, 37), and the means of precision,
        recall and F1 `_weighted` by the true objects and `_macro`, `[...]`.
    """
    hits = np.einsum("kk...->k...", matrix)
    true, predicted, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum(axis=(0, 1))
    each = {
        "precision": divide(hits, predicted),
        "recall": divide(hits, true),
        "f1": divide(2 * hits, true + predicted),
    }
    known = true + predicted > 0
    means = {}
    for name, values in each.items():
        filled = np.nan_to_num(values)
        means[f"{name}_weighted"] = divide((filled * true).sum(axis=0), total)
        means[f"{name}_macro"] = divide((filled * known).sum(axis=0), known.sum(axis=0))
    chance = divide((true * predicted).sum(axis=0), total**2)
    accuracy = divide(hits.sum(axis=0), total)
    return {
        **each,
        **means,
        "accuracy": accuracy,
        "balanced_accuracy": divide(np.nansum(each["recall"], axis=0), (true > 0).sum(axis=0)),
        "kappa": divide(accuracy - chance, 1 - chance),
    }


def divide(numerator: Array, denominator: Array) -> Array:
    """Divide; not a number where the denominator is zero.

    Parameters
    ----------
    numerator, denominator
        Arrays of one shape.

    Returns
    -------
    numpy.ndarray
        Their ratio.
    """
    empty = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    return np.asarray(np.divide(numerator, denominator, out=empty, where=denominator != 0))
