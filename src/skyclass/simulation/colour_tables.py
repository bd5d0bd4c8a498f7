"""The small tables of published figures that come with the package."""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["COLOURS", "SPREADS", "interpolate", "load"]

COLOURS = ("u_g", "g_r", "r_i", "i_z")
"""Columns of the four colours."""

SPREADS = tuple(f"spread_{name}" for name in COLOURS)
"""Columns of their scatter."""


@cache
def load(name: str) -> pd.DataFrame:
    """Load a table; its source is told in the comment lines on top of the file.

    Parameters
    ----------
    name
        File name without ``.csv``.

    Returns
    -------
    pandas.DataFrame
        The table, shared by all callers: not to be changed.
    """
    with (files("skyclass.simulation") / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#")


def interpolate(
    name: str, key: str, at: NDArray[np.float64], columns: tuple[str, ...]
) -> NDArray[np.float64]:
    """Interpolate columns of a table linearly, holding the end values beyond its ends.

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
    table = load(name)
    nodes = table[key].to_numpy(dtype=np.float64)
    values = [np.interp(at, nodes, table[c].to_numpy(dtype=np.float64)) for c in columns]
    return np.stack(values, axis=-1)
