"""The two tasks that come with the package."""

from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import TaskError, nearest
from skyclass.tasks.subclass import StellarType, parse_subclass
from skyclass.tasks.task import Labels, Task, distinct, spread

__all__ = ["LUMINOSITIES", "OBJECT_TYPE", "label_or_reason", "spectral_class"]

LUMINOSITIES: Final = ("any", "main-sequence")
"""Which templates' luminosity classes a star may have."""

CLASSES: Final = ("O", "B", "A", "F", "G", "K", "M")
_MOST_STRINGS: Final = 20


def spectral_class(template_luminosity: str = "any") -> Task:
    """Give the task of spectral classes O B A F G K M.

    Subdwarfs, white dwarfs, carbon stars, cataclysmic variables, L and T dwarfs, and strings that
    are not understood have no label; each kind is a reason of its own.

    Parameters
    ----------
    template_luminosity
        ``any``: every MK type counts, as in the thesis. ``main-sequence``: only those whose
        best-matching template is of class V or IV-V or states none.

    Returns
    -------
    Task
        Reads `subclass`, and `class` where there is one.

    Raises
    ------
    TaskError
        Where there is no such choice.
    """
    if template_luminosity not in LUMINOSITIES:
        raise TaskError(
            f"unknown template_luminosity {template_luminosity!r};"
            f" did you mean {nearest(template_luminosity, LUMINOSITIES)!r}?"
        )
    label = partial(_label_stars, strict=template_luminosity == "main-sequence")
    return Task("spectral-class", CLASSES, ("subclass",), label, ordered=True, extended=False)


def _label_stars(table: pd.DataFrame, *, strict: bool) -> Labels:
    """Label stars by their `subclass`; rows of another `class` get none."""
    codes, strings = distinct(table["subclass"])
    types = [parse_subclass(text or "") for text in strings]
    other = np.zeros(len(table), dtype=bool)
    if "class" in table:
        other = (_mapped(table["class"], {"STAR": "star"}) != "star").to_numpy()
    counts = np.bincount(codes[~other], minlength=len(types))
    labels = [*(_class_of(t, strict=strict) for t in types), None]
    reasons = [*(_reason(t, strict=strict) for t in types), "class is not STAR"]
    return Labels(
        _taken(labels, codes, other, table.index),
        _taken(reasons, codes, other, table.index),
        _notes(types, strings, counts),
    )


def _class_of(stellar: StellarType, *, strict: bool) -> str | None:
    """Give the label of a parsed string."""
    wanted = stellar.kind == "MK" and (stellar.main_sequence or not strict)
    return stellar.spectral_class if wanted else None


def _reason(stellar: StellarType, *, strict: bool) -> str | None:
    """Say why a parsed string has no label."""
    if stellar.kind != "MK":
        return stellar.kind
    return "template off the main sequence" if strict and not stellar.main_sequence else None


def _taken(values: list[str | None], codes: Any, other: Any, index: Any) -> "pd.Series[str]":
    """Spread the values of distinct strings over the rows; `other` rows get the last value."""
    return spread(values, np.where(other, len(values) - 1, codes), index)


def _notes(types: list[StellarType], strings: Any, counts: Any) -> dict[str, Any]:
    """Count what the choice of luminosity keeps, and list strings that were not understood."""
    known = {
        letter: {
            choice: int(
                sum(
                    n
                    for t, n in zip(types, counts, strict=True)
                    if _class_of(t, strict=choice != "any") == letter
                )
            )
            for choice in LUMINOSITIES
        }
        for letter in CLASSES
    }
    odd = {
        str(text): int(n)
        for text, t, n in zip(strings, types, counts, strict=True)
        if t.kind == "unknown subclass" and n
    }
    return {"template_luminosity": known, "unknown": _most(odd)}


def _most(counts: dict[str, int]) -> dict[str, int]:
    """Keep the most frequent strings."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_STRINGS])


def _count_strings(column: "pd.Series[str]", rows: NDArray[np.bool_]) -> dict[str, int]:
    """Count the distinct strings of some rows, the most frequent only."""
    counts = column[rows].value_counts()
    return _most({str(text): int(n) for text, n in counts.items() if n})


def _label_object_type(table: pd.DataFrame) -> Labels:
    """Label by the spectroscopic `class`."""
    label = _mapped(table["class"], {"STAR": "star", "GALAXY": "galaxy", "QSO": "quasar"})
    return label_or_reason(table["class"], label, "no class", "unknown class")


def label_or_reason(
    column: "pd.Series[str]", label: "pd.Series[str]", empty: str, unknown: str
) -> Labels:
    """Give labels and say of rows without one whether the column is empty or not understood.

    Parameters
    ----------
    column
        Strings that the labels were read from, `[n]`.
    label
        Labels, `[n]`, missing where there is none.
    empty, unknown
        The two reasons.

    Returns
    -------
    Labels
        With the strings that were not understood among its notes.
    """
    missing = label.isna().to_numpy()
    blank = column.isna().to_numpy() | (column.astype("string").str.strip() == "").fillna(True)
    codes = np.where(missing, np.where(blank, 0, 1), -1)
    reason = spread((empty, unknown), codes, column.index)
    return Labels(label, reason, {"unknown": _count_strings(column, codes == 1)})


def _mapped(column: "pd.Series[str]", names: dict[str, str]) -> "pd.Series[str]":
    """Translate strings, whatever their case and padding (FITS pads them)."""
    codes, strings = distinct(column)
    values = [None if text is None else names.get(text.strip().upper()) for text in strings]
    return spread(values, codes, column.index)


OBJECT_TYPE: Final = Task(
    "object-type",
    ("star", "galaxy", "quasar"),
    ("class",),
    _label_object_type,
    ordered=False,
    extended=True,
)
"""Star, galaxy or quasar, by the spectroscopic `class`."""
