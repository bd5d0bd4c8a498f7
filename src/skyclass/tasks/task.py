"""The task: classes, and how a table's rows get their labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["LabelNotes", "Labels", "Task", "decode_strings", "encode_strings"]


def encode_strings(column: "pd.Series[str]") -> tuple[NDArray[np.integer[Any]], list[str | None]]:
    """Encode a column of strings as numbers.

    Parameters
    ----------
    column
        Strings or categories, `[n]`; missing ones count as None.

    Returns
    -------
    codes
        Place of each row's string in `strings`, `[n]`.
    strings
        Each string once, then None.
    """
    values = pd.Categorical(column)
    codes = values.codes.astype(np.int32)
    codes[codes < 0] = len(values.categories)
    return codes, [*(str(name) for name in values.categories), None]


def decode_strings(
    names: Sequence[str | None], codes: NDArray[np.integer[Any]], index: "pd.Index[Any]"
) -> "pd.Series[str]":
    """Decode numbers into names, the inverse of `encode_strings`.

    Parameters
    ----------
    names
        Names, of which several may be the same, or None; at most 127 different ones.
    codes
        Place of each row's name in `names`, -1 where it has none, `[n]`.
    index
        Index of the rows.

    Returns
    -------
    pandas.Series
        Categories, `[n]`.
    """
    order = list(dict.fromkeys(name for name in names if name is not None))
    places = {name: place for place, name in enumerate(order)}
    # the last entry is what -1 points to
    table = np.array([*(-1 if n is None else places[n] for n in names), -1], dtype=np.int8)
    return pd.Series(pd.Categorical.from_codes(table[codes], pd.Index(order)), index=index)


@dataclass(frozen=True)
class LabelNotes:
    """What a task counts for the cleaning report."""

    unknown: dict[str, int] = field(default_factory=dict)
    """Strings that the task does not know, the most frequent ones, with their rows."""
    template_luminosity: dict[str, dict[str, int]] | None = None
    """Rows of each spectral class that each choice of template luminosity keeps."""
    merged: dict[str, dict[str, int]] = field(default_factory=dict)
    """For each merged class the rows of its members."""


@dataclass(frozen=True)
class Labels:
    """Labels of a table's rows, and why a row has none."""

    label: "pd.Series[str]"
    """One of the task's classes for each row, missing where none applies, `[n]`."""
    reason: "pd.Series[str]"
    """Why a row has no label, counted in the cleaning report; missing where it has one, `[n]`."""
    notes: LabelNotes = field(default_factory=LabelNotes)
    """Counts for the cleaning report."""


@dataclass(frozen=True)
class Task:
    """A labelling problem.

    `skyclass.register_task` shows an example.
    """

    name: str
    """Name in experiment files and on the command line."""
    classes: tuple[str, ...]
    """Class names in their fixed order."""
    columns: tuple[str, ...]
    """Catalogue columns the labels are made from."""
    label: Callable[[pd.DataFrame], Labels]
    """Labels the rows of a table."""
    ordered: bool = False
    """Whether neighbouring classes are alike (spectral classes follow temperature)."""
    extended: bool = False
    """Whether classes differ in shape, so that a baseline needs a concentration beside colours."""
