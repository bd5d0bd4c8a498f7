"""All scores of the same predictions for any weighting of the objects, many weightings at once."""

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.confusion import divide, score_matrices
from skyclass.evaluation.reliability import BINS, assign_bins
from skyclass.evaluation.roc import Ranking
from skyclass.evaluation.summing_matrix import make_summing_matrix

__all__ = ["Scorer"]

Array = NDArray[np.float64]


class Scorer:
    """Scores of one set of predictions; what all resamples share is computed once.

    Parameters
    ----------
    label
        Index of each object's true class, `[n]`.
    probabilities
        `[n, k]`.
    ordered
        Whether the classes have an order.
    """

    def __init__(
        self, label: NDArray[np.int64], probabilities: Array, *, ordered: bool = False
    ) -> None:
        self.n, self._classes = probabilities.shape
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        self._label, self._predicted = label, predicted
        self._cells = make_summing_matrix(label * self._classes + predicted, self._classes**2)
        gaps = (predicted == label) - confidence
        self._gaps = make_summing_matrix(assign_bins(confidence), BINS, values=gaps)
        self._terms = _compute_terms(label, probabilities, predicted, ordered=ordered)
        self._rankings = [Ranking(label == k, probabilities[:, k]) for k in range(self._classes)]
        self.matrix = self.count_confusions(np.ones((self.n, 1)))[..., 0].astype(np.int64)
        """Confusion matrix, rows true, columns predicted."""

    def compute(self, weights: Array | None = None) -> dict[str, Array]:
        """Compute all scores.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`; by default once.

        Returns
        -------
        dict
            `[r]` or, for scores of a class, `[k, r]`; NaN where undefined.
        """
        if weights is None:
            weights = np.ones((self.n, 1))
        total = weights.sum(axis=0)
        areas = np.array([ranking.compute_areas(weights) for ranking in self._rankings])
        roc, precision_recall = areas[:, 0], areas[:, 1]
        return {
            **score_matrices(self.count_confusions(weights)),
            **{name: term @ weights / total for name, term in self._terms.items()},
            "ece": np.abs(self._gaps @ weights).sum(axis=0) / total,
            "roc_auc": roc,
            "pr_auc": precision_recall,
            "roc_auc_macro": _average_defined(roc),
            "pr_auc_macro": _average_defined(precision_recall),
        }

    def count_class_units(self, groups: NDArray[np.int64] | None) -> dict[str, NDArray[np.int64]]:
        """Count the independent units that the scores of each class rest on.

        Parameters
        ----------
        groups
            Group of each object, `[n]`; None where every object is a unit.

        Returns
        -------
        dict
            By the names of scores, `[k]` each.
        """
        label, predicted = (
            _count_occupied(codes, groups, self._classes)
            for codes in (self._label, self._predicted)
        )
        return {"precision": predicted} | dict.fromkeys(
            ("recall", "f1", "roc_auc", "pr_auc"), label
        )

    def count_confusions(self, weights: Array) -> Array:
        """Count the objects of each cell of the confusion matrix.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`.

        Returns
        -------
        numpy.ndarray
            `[label, predicted, r]`.
        """
        return np.asarray((self._cells @ weights).reshape(self._classes, self._classes, -1))


def _compute_terms(
    label: NDArray[np.int64], probabilities: Array, predicted: NDArray[np.int64], *, ordered: bool
) -> dict[str, Array]:
    """Compute each object's term of the scores that are means over objects, `[n]` each.

    Log loss clips probabilities at the float64 machine epsilon, as scikit-learn does; the Brier
    score is the sum over classes (Brier 1950, Monthly Weather Review 78, 1), 0 to 2.
    """
    n, classes = probabilities.shape
    own = probabilities[np.arange(n), label]
    undefined = np.full(n, np.nan)
    # of equal probabilities the first class ranks first, as in argmax
    ahead = (probabilities > own[:, None]).sum(axis=1)
    tied = (probabilities == own[:, None]) & (np.arange(classes) < label[:, None])
    return {
        "top2": (ahead + tied.sum(axis=1) < 2).astype(np.float64) if classes > 2 else undefined,
        "adjacent": (abs(label - predicted) < 2).astype(np.float64) if ordered else undefined,
        "log_loss": -np.log(np.clip(own, np.finfo(np.float64).eps, 1.0)),
        "brier": (probabilities**2).sum(axis=1) - 2 * own + 1,
    }


def _average_defined(values: Array) -> Array:
    """Average over the classes for which a score is defined."""
    return divide(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _count_occupied(
    codes: NDArray[np.int64], groups: NDArray[np.int64] | None, classes: int
) -> NDArray[np.int64]:
    """Count the units in which each class occurs, `[k]`."""
    if groups is not None:
        codes = np.unique(np.stack([codes, groups]), axis=1)[0]
    return np.bincount(codes, minlength=classes)
