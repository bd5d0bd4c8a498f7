"""Count what a table of classified sources holds: classes, flags, reasons."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ClassCount", "FlagCount", "count_classes", "count_flags", "count_reasons"]


@dataclass(frozen=True)
class ClassCount:
    """The sources of one class."""

    name: str
    """Name of the class."""
    count: int
    """Number of sources."""
    share: float
    """Their share of all classified sources."""
    probability: float | None
    """Median probability of the class; None without sources."""
    expected: float
    """Sum of the class's probability over all classified sources: how many are expected of it."""


@dataclass(frozen=True)
class FlagCount:
    """The sources on which one flag is raised."""

    name: str
    """Name of the flag, such as ``saturated``."""
    count: int
    """Number of sources on which it is raised in any band."""
    share: float
    """Their share of all sources."""
    bands: dict[str, int]
    """Number of sources by band, the bands in the order of the table's words."""


def count_classes(
    table: pd.DataFrame, labels: tuple[str, ...], codes: NDArray[np.int64]
) -> list[ClassCount]:
    """Count the sources of each class.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it, `n` rows.
    labels
        Names of the classes.
    codes
        Index of each source's class, -1 for none, `[n]`.

    Returns
    -------
    list of ClassCount
        In the order of `labels`.
    """
    probability = table["probability"].to_numpy(np.float64, na_value=np.nan)
    classified = max(1, int(np.sum(codes >= 0)))
    counts = []
    for code, name in enumerate(labels):
        here = codes == code
        counts.append(
            ClassCount(
                name,
                int(here.sum()),
                float(here.sum() / classified),
                float(np.median(probability[here])) if here.any() else None,
                float(np.nansum(table[f"p_{name}"].to_numpy(np.float64, na_value=np.nan))),
            )
        )
    return counts


def count_flags(table: pd.DataFrame) -> list[FlagCount]:
    """Count the sources on which each flag is raised.

    Parameters
    ----------
    table
        With the column `flags`, in words such as ``saturated:gr blended:u``; `n` rows.

    Returns
    -------
    list of FlagCount
        The most frequent flag first; empty where the table has no such column.
    """
    if "flags" not in table:
        return []
    raised: Counter[str] = Counter()
    bands: dict[str, Counter[str]] = {}
    texts = table["flags"].astype(object).fillna("").value_counts()
    for text, count in texts.items():
        for word in str(text).split():
            name, _, named = word.partition(":")
            raised[name] += int(count)
            for band in named:
                bands.setdefault(name, Counter())[band] += int(count)
    return [
        FlagCount(name, count, count / len(table), dict(bands.get(name, {})))
        for name, count in raised.most_common()
    ]


def count_reasons(table: pd.DataFrame) -> dict[str, int]:
    """Count why sources have no class.

    Parameters
    ----------
    table
        Sources, with the column `reason` where they came from a table of positions.

    Returns
    -------
    dict
        Numbers by reason, the most frequent first.
    """
    if "reason" not in table:
        return {}
    texts = table["reason"].astype(object).fillna("")
    counts = texts[texts != ""].value_counts()
    return {str(reason): int(count) for reason, count in counts.items()}
