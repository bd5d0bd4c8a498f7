"""Drop rows that no cutout can be made for, and say how many and why."""

from typing import Final

import pandas as pd

from skyclass.catalog.schema import FRAME_KEYS, IDS, POSITION
from skyclass.errors import CatalogError
from skyclass.tasks import Task

__all__ = ["clean"]

_LIMITS: Final = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}


def clean(table: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, dict[str, int]]:
    """Label a table and keep the rows that can be used, each object once.

    Parameters
    ----------
    table
        As `read_table` gives it.
    task
        Says how a row gets its label.

    Returns
    -------
    table
        Rows kept, with the column `label`, sorted by field and position: the same rows in the same
        order whatever the order of the input.
    dropped
        Number of rows dropped by each rule, in the order the rules were applied.

    Raises
    ------
    CatalogError
        Where a needed column is missing, a coordinate is impossible, or no row is left.
    """
    _require(table, (*POSITION, *FRAME_KEYS, *task.columns))
    table = _with_ids(table)
    dropped: dict[str, int] = {}

    def keep(good: "pd.Series[bool]", reason: str) -> None:
        nonlocal table
        dropped[reason] = int((~good).sum())
        table = table[good]

    numbers = table[[*POSITION, *FRAME_KEYS]].apply(pd.to_numeric, errors="coerce")
    table = table.assign(**{str(name): numbers[name] for name in numbers})
    keep(table[list(POSITION)].notna().all(axis=1), "no position")
    _check_positions(table)
    keep(table[list(FRAME_KEYS)].notna().all(axis=1), "no rerun / run / camcol / field")
    table = table.assign(label=task.label(table))
    keep(table["label"].notna(), f"no class of {task.name}")
    table = _sorted(table.astype(dict.fromkeys(FRAME_KEYS, "int64")))
    for name in IDS:
        keep(~table[name].duplicated() | table[name].isna(), f"duplicate {name}")
    keep(~table.duplicated(list(POSITION)), "duplicate ra and dec")
    if table.empty:
        raise CatalogError(f"no row is left: {_summary(dropped)}")
    return table.reset_index(drop=True), dropped


def _require(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse a table that lacks a column."""
    missing = [name for name in names if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}; it has {', '.join(table.columns)}"
        )


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    """Add the id columns that a table lacks, without values."""
    absent = [name for name in IDS if name not in table]
    empty = pd.Series(pd.NA, index=table.index, dtype="string")
    return table.assign(**dict.fromkeys(absent, empty))


def _check_positions(table: pd.DataFrame) -> None:
    """Refuse coordinates that are no place on the sky."""
    for name, (low, high) in _LIMITS.items():
        bad = table[~table[name].between(low, high)]
        if len(bad):
            raise CatalogError(
                f"{name} must lie between {low:g} and {high:g} degrees;"
                f" row {bad.index[0] + 1} has {bad[name].iloc[0]:g}"
            )


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by field, position and id, so that results do not depend on the input's order."""
    return table.sort_values([*FRAME_KEYS, *POSITION, *IDS], kind="stable")


def _summary(dropped: dict[str, int]) -> str:
    """Write counts in one line."""
    return ", ".join(f"{count} dropped ({reason})" for reason, count in dropped.items() if count)
