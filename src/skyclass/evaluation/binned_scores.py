"""Scores in bins of magnitude, noise, crowding and seeing: where a model can be trusted."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.metrics import score

__all__ = ["CONDITIONS", "choose_edges", "score_by_condition"]

CONDITIONS: Final = ("magnitude_r", "snr_r", "crowding", "seeing")
"""Columns of a table of predictions that scores are also given by."""

_MOST_BINS: Final = 6
_LEAST_OBJECTS: Final = 20  # a bin, where there are so many


def choose_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide values into bins of about as many objects each.

    Parameters
    ----------
    values
        Finite numbers, `[n]`, at least one.

    Returns
    -------
    numpy.ndarray
        Edges, `[bins + 1]`, those inside rounded to three digits; a bin holds its lower edge, the
        last bin its upper one too. Two equal edges where all values are the same.
    """
    bins = min(_MOST_BINS, max(1, len(values) // _LEAST_OBJECTS))
    inner = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    inner = np.unique([float(f"{edge:.3g}") for edge in inner])
    low, high = values.min(), values.max()
    inner = inner[(inner > low) & (inner < high)]
    # rounding may have left a bin without objects: it joins the one below
    held = np.unique(np.searchsorted(inner, values, side="right"))
    return np.concatenate([[low], inner[held[1:] - 1], [high]])


def score_by_condition(
    table: pd.DataFrame,
    labels: Sequence[str],
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    ordered: bool = False,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Score the objects of each bin of each condition.

    Parameters
    ----------
    table
        With those of `CONDITIONS` that are known, `[n]`.
    labels, true, probabilities, ordered, groups, seed
        As `score` takes them.

    Returns
    -------
    dict
        For each condition that is known of any object: `missing`, the number of objects without it,
        and `bins`, each with `low`, `high`, `median` and what `score` gives.
    """
    found = {}
    for name in CONDITIONS:
        values = table[name].to_numpy(np.float64, na_value=np.nan) if name in table else None
        if values is None or not np.isfinite(values).any():
            continue
        known = np.isfinite(values)
        edges = choose_edges(values[known])
        bin_of = np.searchsorted(edges[1:-1], values, side="right")
        bins = []
        for number, (low, high) in enumerate(pairwise(edges)):
            rows = known & (bin_of == number)
            own = None if groups is None else groups[rows]
            scores = score(
                labels, true[rows], probabilities[rows], ordered=ordered, groups=own, seed=seed
            )
            place = {
                "low": float(low),
                "high": float(high),
                "median": float(np.median(values[rows])),
            }
            bins.append({**place, **scores})
        found[name] = {"missing": int((~known).sum()), "bins": bins}
    return found
