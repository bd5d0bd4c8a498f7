"""Areas under ROC and precision-recall curves, for many weightings of the objects at once."""

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.confusion import divide
from skyclass.evaluation.summing_matrix import make_summing_matrix

__all__ = ["Ranking"]

Array = NDArray[np.float64]


class Ranking:
    """Objects ranked by their probability of one class; sorted once, weighted often.

    Parameters
    ----------
    positive
        Whether an object belongs to the class, `[n]`.
    probability
        Probability of the class, `[n]`.
    """

    def __init__(self, positive: NDArray[np.bool_], probability: Array) -> None:
        level = np.unique(-probability, return_inverse=True)[1]
        # only levels with an object of the class matter; what lies between two of them is
        # summed as one segment
        occupied = np.unique(level[positive])
        place = np.searchsorted(occupied, level)
        self._levels = len(occupied)
        self._segments = make_summing_matrix(
            2 * place + np.isin(level, occupied), 2 * len(occupied) + 1
        )
        own = np.flatnonzero(positive)
        self._own = make_summing_matrix(place[own], len(occupied), rows=own, n=len(probability))

    def compute_areas(self, weights: Array) -> tuple[Array, Array]:
        """Compute both areas.

        Objects of equal probability are one step of the curves: half of them count as ranked above
        in the ROC area (Hanley & McNeil 1982, Radiology 143, 29), and the precision-recall area is
        the sum of precisions times the recall gained (average precision), as in scikit-learn.

        Parameters
        ----------
        weights
            How often each object counts, `[n, r]`.

        Returns
        -------
        roc, precision_recall
            `[r]` each; NaN where one side has no objects.
        """
        if self._levels == 0:
            undefined = np.full(weights.shape[1], np.nan)
            return undefined, undefined
        gained = self._own @ weights
        hits = np.cumsum(gained, axis=0)
        ranked = np.cumsum(self._segments @ weights, axis=0)
        before, upto = ranked[:-1:2], ranked[1::2]
        positives, negatives = hits[-1], ranked[-1] - hits[-1]
        # of the negatives tied with the level's objects, half rank below these
        passed = (upto - hits + before - (hits - gained)) / 2
        roc = divide((gained * (negatives - passed)).sum(axis=0), positives * negatives)
        precision = np.divide(hits, upto, out=np.zeros_like(hits), where=upto > 0)
        area = divide((gained * precision).sum(axis=0), positives)
        return roc, area
