"""Labelling problems: class names, and how a catalogue row gets its label."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from skyclass.errors import TaskError, nearest

__all__ = ["TASKS", "Task", "get_task", "spectral_class"]

_MK = r"^([OBAFGKM])(?:\d(?:\.\d)?(?!\d)|$)"


@dataclass(frozen=True)
class Task:
    """A labelling problem."""

    name: str
    """Name in experiment files and on the command line."""
    classes: tuple[str, ...]
    """Class names in their fixed order."""
    columns: tuple[str, ...]
    """Catalogue columns the labels are made from."""
    label: Callable[[pd.DataFrame], "pd.Series[str]"]
    """Function from a table to one label a row, missing where the row belongs to no class."""
    ordered: bool
    """Whether neighbouring classes are alike (spectral classes follow temperature)."""
    extended: bool
    """Whether classes differ in shape, so that a baseline needs a concentration beside colours."""


def spectral_class(subclass: "pd.Series[str]") -> "pd.Series[str]":
    """Give the spectral class of SDSS `subclass` strings.

    A letter counts where a subtype follows it or where it stands alone: `F9`, `O`,
    `M4.5:III (123657)`, `K5Ve (118100)` and `F3/F5V (30743)` (the first of the two) have a class;
    `OB`, `CV`, `Carbon`, `WDhotter`, `sd:F0 (G_84-29)`, `L5.5` and the empty string have none.

    Parameters
    ----------
    subclass
        Strings as in SpecObjAll (https://skyserver.sdss.org/dr18/MoreTools/browser).

    Returns
    -------
    pandas.Series
        One of O B A F G K M, or missing.
    """
    text = subclass.astype("string").str.strip()
    return text.str.extract(_MK, expand=False)


def _label_spectral_class(table: pd.DataFrame) -> "pd.Series[str]":
    """Label stars by their spectral class; rows of another `class` get none."""
    labels = spectral_class(table["subclass"])
    if "class" in table:
        labels = labels.where(_upper(table["class"]) == "STAR")
    return labels


def _label_object_type(table: pd.DataFrame) -> "pd.Series[str]":
    """Label by the spectroscopic `class`."""
    names = {"STAR": "star", "GALAXY": "galaxy", "QSO": "quasar"}
    return _upper(table["class"]).map(names)


def _upper(column: "pd.Series[str]") -> "pd.Series[str]":
    """Give strings without padding, in capitals (FITS pads them)."""
    return column.astype("string").str.strip().str.upper()


TASKS: Final = {
    task.name: task
    for task in (
        Task(
            "spectral-class",
            ("O", "B", "A", "F", "G", "K", "M"),
            ("subclass",),
            _label_spectral_class,
            ordered=True,
            extended=False,
        ),
        Task(
            "object-type",
            ("star", "galaxy", "quasar"),
            ("class",),
            _label_object_type,
            ordered=False,
            extended=True,
        ),
    )
}
"""Tasks by name."""


def get_task(name: str) -> Task:
    """Look a task up by name.

    Parameters
    ----------
    name
        Key of `TASKS`.

    Returns
    -------
    Task
        The task.

    Raises
    ------
    TaskError
        Where there is none of that name; the nearest one is named.
    """
    if name in TASKS:
        return TASKS[name]
    raise TaskError(
        f"unknown task {name!r}; did you mean {nearest(name, TASKS)!r}?"
        f" (there are {', '.join(TASKS)})"
    )
