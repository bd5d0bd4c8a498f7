"""Tables of published colours that are shipped with the package, and magnitudes from colours."""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["COLOURS", "SPREADS", "add_colours", "interpolate_table", "load_table"]

COLOURS = ("u_g", "g_r", "r_i", "i_z")
"""Columns of the four colours."""

SPREADS = tuple(f"spread_{name}" for name in COLOURS)
"""Columns of their scatter."""


@cache
def load_table(name: str) -> pd.DataFrame:
    """Load a table; the comment lines at the top of its file state the source.

    Parameters
    ----------
    name
        File name without ``.csv``.

    Returns
    -------
    pandas.DataFrame
        The table. All callers share it, so it must not be changed.
    """
    with (files("skyclass.simulation") / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#")


def interpolate_table(
    name: str, key: str, at: NDArray[np.float64], columns: tuple[str, ...]
) -> NDArray[np.float64]:
    """Interpolate columns of a table linearly; beyond its ends the end values hold.

    Parameters
    ----------
    name
        Table.
    key
        Column to interpolate in, ascending.
    at
        Values of `key`, ``[n]``.
    columns
        Columns to interpolate.

    Returns
    -------
    numpy.ndarray
        Float64 ``[n, len(columns)]``.
    """
    nodes, values = _load_columns(name, key, columns)
    return np.stack([np.interp(at, nodes, column) for column in values], axis=-1)


@cache
def _load_columns(
    name: str, key: str, columns: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Load the column to interpolate in ``[node]`` and those to interpolate ``[column, node]``."""
    values = load_table(name)[[key, *columns]].to_numpy(dtype=np.float64).T.copy()
    return values[0], values[1:]


def add_colours(r: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute five magnitudes from the r magnitude and four colours.

    Parameters
    ----------
    r
        Magnitudes in r, ``[n]``.
    colours
        u-g, g-r, r-i, i-z, ``[n, 4]``.

    Returns
    -------
    numpy.ndarray
        Magnitudes in u g r i z, ``[n, 5]``.
    """
    u_g, g_r, r_i, i_z = colours.T
    return np.stack([r + g_r + u_g, r + g_r, r, r - r_i, r - r_i - i_z], axis=-1)
