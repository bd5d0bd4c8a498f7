"""Areas under ROC and precision-recall curves, for many weightings of the objects at once."""

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.confusion import divided

__all__ = ["Ranking"]

Array = NDArray[np.float64]


class Ranking:
    """Objects in the order of a score, which is sorted once.

    Parameters
    ----------
    positive
        Whether an object belongs to the class, `[n]`.
    scores
        Probability of the class, `[n]`.
    """

    def __init__(self, positive: NDArray[np.bool_], scores: Array) -> None:
        order = np.argsort(-scores, kind="stable")
        ordered, self._order = scores[order], order
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        level = np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])
        self._positive = np.flatnonzero(positive[order])
        # only levels with an object of the class have a say
        held, self._starts = np.unique(level[self._positive], return_index=True)
        self._first = first[held]
        self._last = np.r_[first[1:], len(scores)][held] - 1

    def areas(self, weights: Array) -> tuple[Array, Array]:
        """Give both areas.

        Objects of equal score are one step of the curves: half of them count as ranked above in
        the ROC area (Hanley & McNeil 1982, Radiology 143, 29), and the precision-recall area is the
        sum of precisions by recall gained (average precision), as in scikit-learn.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`.

        Returns
        -------
        roc, precision_recall
            `[r]` each; not a number where one side has no objects.
        """
        if len(self._positive) == 0:
            nothing = np.full(weights.shape[1], np.nan)
            return nothing, nothing
        sorted_weights = weights[self._order]
        gained = np.add.reduceat(sorted_weights[self._positive], self._starts, axis=0)
        above = np.cumsum(sorted_weights, axis=0)
        upto = above[self._last]
        before = upto.copy()
        before[:] = np.where((self._first > 0)[:, None], above[self._first - 1], 0.0)
        hits = np.cumsum(gained, axis=0)
        positives, negatives = hits[-1], above[-1] - hits[-1]
        # half of those negatives that tie with the level's objects rank below these
        passed = (upto - hits + before - (hits - gained)) / 2
        roc = divided((gained * (negatives - passed)).sum(axis=0), positives * negatives)
        precision = np.divide(hits, upto, out=np.zeros_like(hits), where=upto > 0)
        area = divided((gained * precision).sum(axis=0), positives)
        return roc, area
