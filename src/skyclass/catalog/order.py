"""One order of rows, whatever the order of the file."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.ids import field_key, numbers_of
from skyclass.catalog.schema import FRAME_KEYS, IDS, POSITION, SPECTRUM

__all__ = ["Rows", "sorted_rows"]

Rows = NDArray[np.int64]
"""Numbers of rows."""


def sorted_rows(table: pd.DataFrame, rows: Rows) -> Rows:
    """Sort rows by field, position, spectroscopic and photometric id, and spectrum.

    Parameters
    ----------
    table
        Catalogue; columns that it lacks do not count.
    rows
        Which of its rows.

    Returns
    -------
    numpy.ndarray
        The rows in that order.
    """
    first = _first_key(table)[rows]
    by_first = np.argsort(first)
    order, first = rows[by_first], first[by_first]
    equal = np.zeros(len(order), dtype=bool)
    equal[1:] = first[1:] == first[:-1]
    equal[:-1] |= equal[1:]
    # only what the first key leaves open is compared by all columns
    open_rows = order[equal]
    order[equal] = open_rows[np.lexsort(_all_keys(table.iloc[open_rows])[::-1])]
    return order


def _first_key(table: pd.DataFrame) -> NDArray[np.int64]:
    """Give one number to sort by: the field, then ra as far as it fits into the number."""
    field = field_key(table) if set(FRAME_KEYS) <= set(table.columns) else np.zeros(len(table))
    if "ra" not in table:
        return np.asarray(field, dtype=np.int64)
    # a field has 51 bits, which leaves 12
    ra = table["ra"].to_numpy(np.float64, na_value=0.0)
    return (np.asarray(field, dtype=np.int64) << 12) + (ra / 360.0 * 4095.0).astype(np.int64)


def _all_keys(table: pd.DataFrame) -> list[NDArray[np.generic]]:
    """Give the columns to sort by, the first one first."""
    keys: list[NDArray[np.generic]] = [_first_key(table)]
    keys += [table[name].to_numpy(np.float64, na_value=-1.0) for name in POSITION if name in table]
    keys += [numbers_of(table[name]) for name in IDS[::-1]]
    keys += [table[name].to_numpy(np.float64, na_value=-1.0) for name in SPECTRUM if name in table]
    return keys
