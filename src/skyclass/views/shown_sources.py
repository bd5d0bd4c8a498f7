"""The sources of a table that its report shows one by one, and their pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.report.thumbnails import Sprites, pack_thumbnails
from skyclass.inference.classify_positions import group_rows
from skyclass.surveys.survey import Survey, Unit
from skyclass.views.field_view import draw_unit

__all__ = ["ShownSource", "SourceGroup", "choose_sources", "draw_sources"]

_SAMPLES: Final = 8
_SIDE: Final = 48  # pixels
_SHOWN_UNITS: Final = 8
"""Most units of files from which random examples are drawn: each is decoded whole."""


@dataclass(frozen=True)
class ShownSource:
    """One source."""

    row: int
    """Row of the table, from 0."""
    ra: float
    """Right ascension in degrees (ICRS)."""
    dec: float
    """Declination in degrees (ICRS)."""
    name: str
    """Class, or ``no class``."""
    probability: float | None
    """Probability of the class; None without one."""
    ood: float | None
    """How strange it is to the model, 0 to 1; None where not known."""
    flags: str
    """Its flags, in words."""


@dataclass(frozen=True)
class SourceGroup:
    """Sources that are shown under one heading."""

    title: str
    """Heading."""
    note: str
    """What they have in common."""
    sources: list[ShownSource]
    """The sources."""


def choose_sources(
    table: pd.DataFrame, labels: tuple[str, ...], codes: NDArray[np.int64], key: Sequence[str]
) -> list[SourceGroup]:
    """Choose random examples of each class, and the surest and the strangest sources.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it, with valid positions, `n` rows numbered from 0.
    labels
        Names of the classes.
    codes
        Index of each source's class, -1 for none, `[n]`.
    key
        Columns that name the unit of files of a source, where the table has them.

    Returns
    -------
    list of SourceGroup
        Those that have sources; the strangest are those of the highest `ood`, or of the lowest
        probability in a table without it.
    """
    probability = table["probability"].to_numpy(np.float64, na_value=np.nan)
    classified = np.flatnonzero(codes >= 0)
    by_probability = classified[np.argsort(-probability[classified], kind="stable")]
    if "ood" in table:
        ood = table["ood"].to_numpy(np.float64, na_value=-1.0)
        strange = np.argsort(-ood, kind="stable")
        note = "least like the objects that the model was trained on"
    else:
        strange, note = by_probability[::-1], "of the lowest probability"
    groups = [
        ("The surest", "of the highest probability", by_probability),
        ("The strangest", note, strange),
    ]
    few = _thin_units(table, classified, key)
    order = np.random.default_rng(0).permutation(few)
    for code, label in enumerate(labels):
        groups.append((f"Class {label}", "at random", order[codes[order] == code]))
    return [
        SourceGroup(title, words, [_describe(table, int(row)) for row in rows[:_SAMPLES]])
        for title, words, rows in groups
        if len(rows)
    ]


def draw_sources(
    groups: list[SourceGroup], table: pd.DataFrame, units: Mapping[Unit, Path], survey: Survey
) -> tuple[Sprites | None, dict[int, int]]:
    """Cut the pictures of shown sources out of those of their fields.

    Parameters
    ----------
    groups
        What `choose_sources` returned.
    table
        The table that they were chosen from.
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    survey
        Survey of the frames.

    Returns
    -------
    sprites
        Their thumbnails; None where no frame holds one of them.
    places
        Place among the thumbnails by row of the table; a source that lies on no frame has none.
    """
    rows = np.unique([each.row for group in groups for each in group.sources])
    shown = table.iloc[rows].reset_index(drop=True)
    pictures: list[NDArray[np.uint8]] = []
    places: dict[int, int] = {}
    for unit, members in group_rows(shown, units, survey)[0].items():
        picture, frame = draw_unit(units[unit], unit, survey)
        ra, dec = (shown[name].to_numpy(np.float64)[members] for name in ("ra", "dec"))
        x, y = frame.pixel(ra, dec)
        inside = frame.contains(x, y)
        for row, column, line in zip(rows[members][inside], x[inside], y[inside], strict=True):
            places[int(row)] = len(pictures)
            pictures.append(_crop(picture, column, line))
    return (pack_thumbnails([np.stack(pictures)]) if pictures else None), places


def _crop(picture: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
    """Crop a square around a pixel; what lies beyond the picture is black."""
    half = _SIDE // 2
    padded = np.pad(picture, ((half, half), (half, half), (0, 0)))
    left, bottom = round(x), round(y)
    return padded[bottom : bottom + _SIDE, left : left + _SIDE]


def _thin_units(
    table: pd.DataFrame, rows: NDArray[np.int64], key: Sequence[str]
) -> NDArray[np.int64]:
    """Keep the rows of a few units of files, where the table names them."""
    if not key or not set(key) <= set(table.columns):
        return rows
    numbers = table.iloc[rows].groupby(list(key), sort=False).ngroup().to_numpy()
    chosen = np.random.default_rng(0).permutation(np.unique(numbers))[:_SHOWN_UNITS]
    return rows[np.isin(numbers, chosen)]


def _describe(table: pd.DataFrame, row: int) -> ShownSource:
    """Describe a source."""
    record = table.iloc[row]
    return ShownSource(
        row=row,
        ra=float(record["ra"]),
        dec=float(record["dec"]),
        name=str(record["class"]) if pd.notna(record["class"]) else "no class",
        probability=_get_number(record, "probability"),
        ood=_get_number(record, "ood"),
        flags=str(record.get("flags") or ""),
    )


def _get_number(record: "pd.Series[float]", name: str) -> float | None:
    """Look up a number; None where it is missing."""
    return float(record[name]) if name in record and pd.notna(record[name]) else None
