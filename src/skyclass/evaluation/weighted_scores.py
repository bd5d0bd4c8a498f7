"""All scores of the same predictions for any weighting of the objects, many weightings at once."""

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.calibration import BINS, assign_bins
from skyclass.evaluation.confusion import divide, score_matrices
from skyclass.evaluation.roc import Ranking
from skyclass.evaluation.summing_matrix import make_summing_matrix

__all__ = ["Scorer"]

Array = NDArray[np.float64]


class Scorer:
    """What is the same in all resamples is worked out once.

    Parameters
    ----------
    true
        Indices of the classes, `[n]`.
    probabilities
        `[n, k]`.
    ordered
        Whether neighbouring classes are alike.
    """

    def __init__(
        self, true: NDArray[np.int64], probabilities: Array, *, ordered: bool = False
    ) -> None:
        self.n, self._classes = probabilities.shape
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        self._true, self._predicted = true, predicted
        self._cells = make_summing_matrix(true * self._classes + predicted, self._classes**2)
        gaps = (predicted == true) - confidence
        self._gaps = make_summing_matrix(assign_bins(confidence), BINS, values=gaps)
        self._means = _per_object(true, probabilities, predicted, ordered=ordered)
        self._rankings = [Ranking(true == k, probabilities[:, k]) for k in range(self._classes)]
        self.matrix = self.matrices(np.ones((self.n, 1)))[..., 0].astype(np.int64)
        """Confusion matrix, rows true, columns predicted."""

    def values(self, weights: Array | None = None) -> dict[str, Array]:
        """Give all scores.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`; once, where not given.

        Returns
        -------
        dict
            `[r]` or, for scores of a class, `[k, r]`; not a number where undefined.
        """
        if weights is None:
            weights = np.ones((self.n, 1))
        total = weights.sum(axis=0)
        areas = np.array([ranking.areas(weights) for ranking in self._rankings])
        roc, area = areas[:, 0], areas[:, 1]
        return {
            **score_matrices(self.matrices(weights)),
            **{name: each @ weights / total for name, each in self._means.items()},
            "ece": np.abs(self._gaps @ weights).sum(axis=0) / total,
            "roc_auc": roc,
            "pr_auc": area,
            "roc_auc_macro": _mean_of_defined(roc),
            "pr_auc_macro": _mean_of_defined(area),
        }

    def units(self, groups: NDArray[np.int64] | None) -> dict[str, NDArray[np.int64]]:
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
        true, predicted = (
            _occupied(c, groups, self._classes) for c in (self._true, self._predicted)
        )
        return {"precision": predicted} | dict.fromkeys(("recall", "f1", "roc_auc", "pr_auc"), true)

    def matrices(self, weights: Array) -> Array:
        """Give confusion matrices.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`.

        Returns
        -------
        numpy.ndarray
            `[true, predicted, r]`.
        """
        return np.asarray((self._cells @ weights).reshape(self._classes, self._classes, -1))


def _per_object(
    true: NDArray[np.int64], probabilities: Array, predicted: NDArray[np.int64], *, ordered: bool
) -> dict[str, Array]:
    """Give the terms of those scores that are means over the objects, `[n]` each.

    Log loss holds probabilities above the least that float64 tells from 0, as scikit-learn does;
    the Brier score is the sum over classes (Brier 1950, Monthly Weather Review 78, 1), 0 to 2.
    """
    n, classes = probabilities.shape
    own = probabilities[np.arange(n), true]
    unknown = np.full(n, np.nan)
    # among equals the first class comes first, as in argmax
    ahead = (probabilities > own[:, None]).sum(axis=1)
    tied = (probabilities == own[:, None]) & (np.arange(classes) < true[:, None])
    return {
        "top2": (ahead + tied.sum(axis=1) < 2).astype(np.float64) if classes > 2 else unknown,
        "adjacent": (abs(true - predicted) < 2).astype(np.float64) if ordered else unknown,
        "log_loss": -np.log(np.clip(own, np.finfo(np.float64).eps, 1.0)),
        "brier": (probabilities**2).sum(axis=1) - 2 * own + 1,
    }


def _mean_of_defined(values: Array) -> Array:
    """Give the mean over the classes where a score is defined."""
    return divide(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _occupied(
    codes: NDArray[np.int64], groups: NDArray[np.int64] | None, classes: int
) -> NDArray[np.int64]:
    """Count the units in which each class occurs, `[k]`."""
    if groups is not None:
        codes = np.unique(np.stack([codes, groups]), axis=1)[0]
    return np.bincount(codes, minlength=classes)
