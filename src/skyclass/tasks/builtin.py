"""The tasks that come with the package: spectral class and object type."""

from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import TaskError, nearest
from skyclass.tasks.subclass import StellarType, parse_subclass
from skyclass.tasks.task import LabelNotes, Labels, Task, decode_strings, encode_strings

__all__ = ["LUMINOSITIES", "OBJECT_TYPE", "make_labels", "make_spectral_class"]

LUMINOSITIES: Final = ("any", "main-sequence")
"""Choices of `template_luminosity`."""

CLASSES: Final = ("O", "B", "A", "F", "G", "K", "M")
_MAX_STRINGS: Final = 20


def make_spectral_class(template_luminosity: str = "any") -> Task:
    """Build the task of spectral classes O B A F G K M.

    Subdwarfs, white dwarfs, carbon stars, cataclysmic variables, L and T dwarfs, and unknown
    strings have no label; each kind is counted on its own.

    Parameters
    ----------
    template_luminosity
        ``any``: label every MK type, as in the thesis. ``main-sequence``: only those whose
        best-matching template is of class V or IV-V or has no luminosity class.

    Returns
    -------
    Task
        Reads `subclass`, and `class` where there is one.

    Raises
    ------
    TaskError
        If there is no such choice.
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
    codes, strings = encode_strings(table["subclass"])
    types = [parse_subclass(text or "") for text in strings]
    other = np.zeros(len(table), dtype=bool)
    if "class" in table:
        other = (_translate(table["class"], {"STAR": "star"}) != "star").to_numpy()
    counts = np.bincount(codes[~other], minlength=len(types))
    labels = [*(_get_class(t, strict=strict) for t in types), None]
    reasons = [*(_get_reason(t, strict=strict) for t in types), "class is not STAR"]
    return Labels(
        _expand(labels, codes, other, table.index),
        _expand(reasons, codes, other, table.index),
        _count_notes(types, strings, counts),
    )


def _get_class(stellar: StellarType, *, strict: bool) -> str | None:
    """Return the label of a parsed string, if any."""
    wanted = stellar.kind == "MK" and (stellar.main_sequence or not strict)
    return stellar.spectral_class if wanted else None


def _get_reason(stellar: StellarType, *, strict: bool) -> str | None:
    """Return why a parsed string has no label, if it has none."""
    if stellar.kind != "MK":
        return stellar.kind
    return "template off the main sequence" if strict and not stellar.main_sequence else None


def _expand(values: list[str | None], codes: Any, other: Any, index: Any) -> "pd.Series[str]":
    """Expand values of distinct strings to rows; `other` rows get the last value."""
    return decode_strings(values, np.where(other, len(values) - 1, codes), index)


def _count_notes(types: list[StellarType], strings: Any, counts: Any) -> LabelNotes:
    """Count what each choice of luminosity keeps, and unknown strings."""
    known = {
        letter: {
            choice: int(
                sum(
                    n
                    for t, n in zip(types, counts, strict=True)
                    if _get_class(t, strict=choice != "any") == letter
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
    return LabelNotes(_keep_most_frequent(odd), known)


def _keep_most_frequent(counts: dict[str, int]) -> dict[str, int]:
    """Keep the most frequent strings."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_STRINGS])


def _count_strings(column: "pd.Series[str]", rows: NDArray[np.bool_]) -> dict[str, int]:
    """Count the distinct strings of some rows, the most frequent only."""
    counts = column[rows].value_counts()
    return _keep_most_frequent({str(text): int(n) for text, n in counts.items() if n})


def _label_object_type(table: pd.DataFrame) -> Labels:
    """Label rows by the spectroscopic `class`."""
    label = _translate(table["class"], {"STAR": "star", "GALAXY": "galaxy", "QSO": "quasar"})
    return make_labels(table["class"], label, "no class", "unknown class")


def make_labels(
    column: "pd.Series[str]", label: "pd.Series[str]", empty: str, unknown: str
) -> Labels:
    """Combine labels with the reason why a row has none: an empty or an unknown string.

    Parameters
    ----------
    column
        Strings that the labels come from, `[n]`.
    label
        Labels, `[n]`, missing where a row has none.
    empty, unknown
        The two reasons.

    Returns
    -------
    Labels
        Notes count the unknown strings.
    """
    missing = label.isna().to_numpy()
    blank = column.isna().to_numpy() | (column.astype("string").str.strip() == "").fillna(True)
    codes = np.where(missing, np.where(blank, 0, 1), -1)
    reason = decode_strings((empty, unknown), codes, column.index)
    return Labels(label, reason, LabelNotes(_count_strings(column, codes == 1)))


def _translate(column: "pd.Series[str]", names: dict[str, str]) -> "pd.Series[str]":
    """Translate strings, whatever their case and padding (FITS pads them)."""
    codes, strings = encode_strings(column)
    values = [None if text is None else names.get(text.strip().upper()) for text in strings]
    return decode_strings(values, codes, column.index)


OBJECT_TYPE: Final = Task(
    "object-type",
    ("star", "galaxy", "quasar"),
    ("class",),
    _label_object_type,
    ordered=False,
    extended=True,
)
"""Star, galaxy or quasar, by the spectroscopic `class`."""
