"""From a file of objects to a clean, labelled, split catalogue."""

from pathlib import Path
from typing import Any

import pandas as pd

from skyclass.catalog.clean import clean
from skyclass.catalog.read import read_table
from skyclass.catalog.split import SPLITS, assign_splits
from skyclass.errors import CatalogError
from skyclass.files import atomic_path
from skyclass.tasks import get_task

__all__ = ["build_catalog", "read_catalog", "write_catalog"]


def build_catalog(
    path: Path, task: str, *, validation: float = 0.1, test: float = 0.2, seed: int = 1
) -> pd.DataFrame:
    """Read, clean, label and split a table of objects.

    Parameters
    ----------
    path
        File as `read_table` takes it.
    task
        Name of a task.
    validation, test
        Shares of each class.
    seed
        Seed of the split.

    Returns
    -------
    pandas.DataFrame
        The rows kept with the columns `label` and `split`; ``attrs["skyclass"]`` tells the task,
        the rows read, the rows dropped by each rule and the objects per split and class.

    Raises
    ------
    CatalogError
        Where the file or its rows cannot be used.
    TaskError
        Where there is no such task.
    """
    chosen = get_task(task)
    raw = read_table(path)
    table, dropped = clean(raw, chosen)
    table["split"] = assign_splits(table["label"], validation=validation, test=test, seed=seed)
    table.attrs["skyclass"] = {
        "task": task,
        "rows_in": len(raw),
        "dropped": dropped,
        "per_class": _per_class(table, chosen.classes),
    }
    return table


def write_catalog(table: pd.DataFrame, path: Path) -> None:
    """Write a catalogue made by `build_catalog` as Parquet.

    Parameters
    ----------
    table
        Catalogue; its ``attrs`` are kept in the file.
    path
        ``.parquet`` file to write or replace.
    """
    if path.suffix != ".parquet":
        raise CatalogError(f"a catalogue is written as Parquet; name it {path.stem}.parquet")
    with atomic_path(path) as partial:
        table.to_parquet(partial, index=False)


def read_catalog(path: Path) -> pd.DataFrame:
    """Read a catalogue that `write_catalog` wrote.

    Parameters
    ----------
    path
        Parquet file.

    Returns
    -------
    pandas.DataFrame
        With `label`, `split` and ``attrs["skyclass"]``.

    Raises
    ------
    CatalogError
        Where the file is no such catalogue.
    """
    table = read_table(path)
    if not {"label", "split"} <= set(table.columns) or "skyclass" not in table.attrs:
        raise CatalogError(f"{path} has no labels and splits; make one with `skyclass catalog`")
    return table


def _per_class(table: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, Any]:
    """Count objects per split and class, in the order of the classes."""
    counts = table.groupby(["split", "label"]).size()
    return {
        split: {c: int(counts.get((split, c), 0)) for c in classes if c in set(table["label"])}
        for split in SPLITS
    }
