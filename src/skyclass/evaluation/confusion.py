"""Scores computed from a confusion matrix, for one matrix or for many at once."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide", "score_matrices"]

Array = NDArray[np.float64]


def score_matrices(matrix: Array) -> dict[str, Array]:
    """Score confusion matrices.

    Names and values are those of scikit-learn. A score that is a division by zero is NaN; in means
    over classes it counts as 0. These means are over the classes that have objects or predictions
    (`recall`, in the balanced accuracy, over those that have objects), so a class that neither
    occurs nor is predicted does not count.

    Parameters
    ----------
    matrix
        Numbers of objects, `[label, predicted, ...]`; they need not be whole.

    Returns
    -------
    dict
        `precision`, `recall` and `f1`, `[class, ...]`; `accuracy`, `balanced_accuracy`, `kappa`
        (Cohen 1960, Educational and Psychological Measurement 20, 37), and the means of precision,
        recall and F1 `_weighted` by the numbers of true objects and `_macro`, `[...]`.
    """
    hits = np.einsum("kk...->k...", matrix)
    label, predicted, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum(axis=(0, 1))
    each = {
        "precision": divide(hits, predicted),
        "recall": divide(hits, label),
        "f1": divide(2 * hits, label + predicted),
    }
    occurs = label + predicted > 0
    means = {}
    for name, values in each.items():
        filled = np.nan_to_num(values)
        means[f"{name}_weighted"] = divide((filled * label).sum(axis=0), total)
        means[f"{name}_macro"] = divide((filled * occurs).sum(axis=0), occurs.sum(axis=0))
    chance = divide((label * predicted).sum(axis=0), total**2)
    accuracy = divide(hits.sum(axis=0), total)
    return {
        **each,
        **means,
        "accuracy": accuracy,
        "balanced_accuracy": divide(np.nansum(each["recall"], axis=0), (label > 0).sum(axis=0)),
        "kappa": divide(accuracy - chance, 1 - chance),
    }


def divide(numerator: Array, denominator: Array) -> Array:
    """Divide two arrays; the ratio is NaN where the denominator is zero.

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
