"""Scores in bins of magnitude, noise, crowding and seeing: where a model can be trusted."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.evaluation.scores import Scores, score

__all__ = ["CONDITIONS", "BinnedScores", "ScoreBin", "choose_edges", "score_by_condition"]

CONDITIONS: Final = ("magnitude_r", "snr_r", "crowding", "seeing")
"""Columns of a table of predictions by which scores are binned."""

_MOST_BINS: Final = 6
_LEAST_OBJECTS: Final = 20  # per bin, if there are enough objects


class ScoreBin(Scores):
    """Scores of the objects of one bin."""

    low: float
    """Lower edge."""
    high: float
    """Upper edge; it belongs to the next bin, except in the last."""
    median: float
    """Median of the objects' values."""


class BinnedScores(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Scores in bins of one condition."""

    missing: int
    """Number of objects without a value."""
    bins: tuple[ScoreBin, ...]
    """From the lowest value to the highest."""

    def __repr__(self) -> str:
        """Format the range, and the accuracy of each bin."""
        accuracies = ", ".join(f"{each.accuracy:.3f}" for each in self.bins)
        return (
            f"BinnedScores({self.bins[0].low:g} to {self.bins[-1].high:g}: accuracy {accuracies})"
        )


def choose_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose bin edges so that bins hold about equally many objects.

    Parameters
    ----------
    values
        Finite numbers, `[n]`, at least one.

    Returns
    -------
    numpy.ndarray
        Edges, `[bins + 1]`, the inner ones rounded to three digits; a bin includes its lower edge,
        the last bin its upper one too. Two equal edges if all values are the same.
    """
    bins = min(_MOST_BINS, max(1, len(values) // _LEAST_OBJECTS))
    inner = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    inner = np.unique([float(f"{edge:.3g}") for edge in inner])
    low, high = values.min(), values.max()
    inner = inner[(inner > low) & (inner < high)]
    # rounding may have left a bin without objects: merge it with the one below
    occupied = np.unique(np.searchsorted(inner, values, side="right"))
    return np.concatenate([[low], inner[occupied[1:] - 1], [high]])


def score_by_condition(
    table: pd.DataFrame,
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    ordered: bool = False,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[str, BinnedScores]:
    """Score the objects of each bin of each condition.

    Parameters
    ----------
    table
        With those of the columns `CONDITIONS` that are known, `[n]`.
    labels, label, probabilities, ordered, groups, seed
        As for `skyclass.evaluation.scores.score`.

    Returns
    -------
    dict
        Scores by the name of each condition that is known of any object.
    """
    binned = {}
    for name in CONDITIONS:
        values = table[name].to_numpy(np.float64, na_value=np.nan) if name in table else None
        if values is None or not np.isfinite(values).any():
            continue
        known = np.isfinite(values)
        edges = choose_edges(values[known])
        bin_number = np.searchsorted(edges[1:-1], values, side="right")
        bins = []
        for number, (low, high) in enumerate(pairwise(edges)):
            rows = known & (bin_number == number)
            scores = score(
                labels,
                label[rows],
                probabilities[rows],
                ordered=ordered,
                groups=None if groups is None else groups[rows],
                seed=seed,
            )
            bins.append(
                ScoreBin(
                    **dict(scores),
                    low=float(low),
                    high=float(high),
                    median=float(np.median(values[rows])),
                )
            )
        binned[name] = BinnedScores(missing=int((~known).sum()), bins=tuple(bins))
    return binned
