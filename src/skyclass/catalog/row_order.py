"""Sort rows into one order, whatever the order of the file."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.ids import encode_units, to_id_array
from skyclass.schema import IDS, POSITION, SPECTRUM

__all__ = ["RowOrder", "Rows", "take_rows"]

Rows = NDArray[np.int64]
"""Numbers of rows."""


class RowOrder:
    """The order of a table's rows: field, position, spectroscopic and photometric id, spectrum.

    Parameters
    ----------
    table
        Catalogue; columns that it lacks are ignored.
    key
        Key columns of the survey.
    """

    def __init__(self, table: pd.DataFrame, key: Sequence[str]) -> None:
        names = [n for n in (*POSITION, *IDS[::-1], *SPECTRUM) if n in table]
        self._columns = table[names]
        self._first = _compute_first_key(table, key)

    def sort(self, rows: Rows) -> Rows:
        """Sort some of the rows.

        Parameters
        ----------
        rows
            Row numbers.

        Returns
        -------
        numpy.ndarray
            The same, sorted.
        """
        first = self._first[rows]
        by_first = np.argsort(first)
        order, first = rows[by_first], first[by_first]
        equal = np.zeros(len(order), dtype=bool)
        equal[1:] = first[1:] == first[:-1]
        equal[:-1] |= equal[1:]
        # only what the first key leaves open is compared by all columns
        order[equal] = self._sort_fully(order[equal])
        return order

    def _sort_fully(self, rows: Rows) -> Rows:
        """Compare rows by all columns."""
        columns = self._columns.iloc[rows]
        keys: list[NDArray[np.generic]] = [self._first[rows]]
        keys += [_to_sort_key(columns, str(name)) for name in columns]
        return rows[np.lexsort(keys[::-1])]


def take_rows(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Take rows of a table, several columns in parallel: pandas takes one after another.

    Parameters
    ----------
    table
        Any, `[n]`.
    rows
        Row numbers, in the order wanted.

    Returns
    -------
    pandas.DataFrame
        With a new index.
    """
    with ThreadPoolExecutor() as pool:
        columns = pool.map(lambda name: table[name].array.take(rows), table.columns)
        return pd.DataFrame(dict(zip(table.columns, columns, strict=True)), copy=False)


def _to_sort_key(columns: pd.DataFrame, name: str) -> NDArray[np.generic]:
    """Convert a column to numbers that sort like it."""
    if name in IDS:
        return to_id_array(columns[name])
    return columns[name].to_numpy(np.float64, na_value=-1.0)


def _compute_first_key(table: pd.DataFrame, key: Sequence[str]) -> NDArray[np.int64]:
    """Compute one number to sort by: the unit, then ra as far as it fits into the number."""
    first = np.zeros(len(table), dtype=np.int64)
    if key and set(key) <= set(table.columns):
        # a unit has 51 bits, which leaves 12
        first = encode_units(table, key) << 12
    if "ra" in table:
        ra = table["ra"].to_numpy(np.float64, na_value=0.0)
        first += (ra * (4095.0 / 360.0)).astype(np.int64)
    return first
