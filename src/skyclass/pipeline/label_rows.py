"""Labels and groups of the rows of a table that someone else made, for a model's classes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import CatalogError, EvaluationError, TaskError, nearest
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.registry import get_survey
from skyclass.tasks.registry import get_task

__all__ = ["LabelledRows", "check_group", "is_ordered", "label_rows", "number_rows_by_group"]


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a table that have a class of the model, and why others were left out."""

    table: pd.DataFrame
    """The rows kept, with `label` (categorical, the model's classes); their index is the row
    number in the table that was given."""
    dropped: dict[str, int]
    """Rows left out, by reason."""


def label_rows(table: pd.DataFrame, spec: ModelSpec, column: str | None) -> LabelledRows:
    """Label the rows of a table with a model's classes.

    Parameters
    ----------
    table
        Objects, `n` rows.
    spec
        The model.
    column
        Column that holds the names of classes; None: the rule of the model's task.

    Returns
    -------
    LabelledRows
        Those that have one of the model's classes.

    Raises
    ------
    CatalogError
        If the table lacks a column.
    EvaluationError
        If no row has a class of the model.
    TaskError
        If the model's task is not registered here, and no column is given.
    """
    table = table.reset_index(drop=True)
    names, reasons = _read_labels(table, spec, column)
    foreign = names.notna() & ~names.isin(spec.labels)
    reasons = reasons.mask(foreign, "not a class of the model")
    kept = names.isin(spec.labels)
    if not kept.any():
        seen = ", ".join(sorted(names.dropna().unique())[:8]) or "none"
        raise EvaluationError(
            f"no row has a class of the model ({', '.join(spec.labels)}); the table's: {seen}"
        )
    label = pd.Categorical(names[kept], categories=list(spec.labels))
    counts = reasons[~kept].value_counts()
    dropped = {str(reason): int(n) for reason, n in counts.items() if n}
    return LabelledRows(table[kept].assign(label=label), dropped)


def _read_labels(
    table: pd.DataFrame, spec: ModelSpec, column: str | None
) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Read the class of each row, missing where it has none, and why it has none."""
    if column is not None:
        names = _take_column(table, column, "label").astype("string").str.strip()
        return names, pd.Series("no class", index=table.index, dtype="string")
    task = get_task(spec.task)
    missing = [name for name in task.columns if name not in table]
    if missing:
        raise CatalogError(
            f"the table has no column {', '.join(missing)}, from which task {task.name} takes the"
            " labels; name the column that holds the classes (label)"
        )
    labels = task.label(table)
    return labels.label.astype("string"), labels.reason.astype("string")


def is_ordered(spec: ModelSpec) -> bool:
    """Tell whether the classes of a model have an order; False where its task is not known here.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    bool
        As its task says.
    """
    try:
        return get_task(spec.task).ordered
    except TaskError:
        return False


def check_group(table: pd.DataFrame, column: str | None, survey: str) -> None:
    """Check that rows can be grouped, before they are cut.

    Parameters
    ----------
    table, column, survey
        As `number_rows_by_group` takes them. The key of a unit of files, which `field` stands for,
        is found with the frames.

    Raises
    ------
    CatalogError
        If the table has no such column.
    """
    if column is not None and not (column == "field" and get_survey(survey).key):
        _take_column(table, column, "group")


def number_rows_by_group(
    table: pd.DataFrame, column: str | None, survey: str
) -> NDArray[np.int64] | None:
    """Assign a number to each group of rows that are not independent of each other.

    Parameters
    ----------
    table
        Objects, `n` rows.
    column
        Column of which equal values make a group; `field` of a survey with key columns is the
        whole key (SDSS: rerun, run, camcol, field). None: single objects.
    survey
        Name of the survey.

    Returns
    -------
    numpy.ndarray or None
        Number of each row's group, `[n]`; a row without a value is a group of its own. None
        without a column.

    Raises
    ------
    CatalogError
        If the table has no such column.
    """
    if column is None:
        return None
    key = get_survey(survey).key
    if column == "field" and key and set(key) <= set(table.columns):
        units = table.groupby(list(key), sort=True, dropna=False).ngroup()
        return np.asarray(units, dtype=np.int64)
    values = _take_column(table, column, "group")
    codes = np.asarray(pd.factorize(values)[0], dtype=np.int64)
    single = codes < 0
    codes[single] = codes.max(initial=-1) + 1 + np.arange(np.count_nonzero(single))
    return codes


def _take_column(table: pd.DataFrame, column: str, what: str) -> "pd.Series[str]":
    """Take a column that the user named."""
    if column not in table:
        names = [str(name) for name in table.columns]
        raise CatalogError(
            f"{what}: the table has no column {column!r}; did you mean {nearest(column, names)!r}?"
        )
    return table[column]
