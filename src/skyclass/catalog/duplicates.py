"""Find rows that are the same object."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["find_repeated", "group_positions", "hash_positions"]

_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""


def find_repeated(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Find the rows whose key another row has, too.

    Parameters
    ----------
    keys
        Numbers, `[n]`; 0 where a row has none.

    Returns
    -------
    numpy.ndarray
        Row numbers.
    """
    if not keys.any():
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(keys)
    ordered = keys[order]
    equal = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    marks = np.zeros(len(keys), dtype=bool)
    marks[:-1] |= equal
    marks[1:] |= equal
    return order[marks]


def hash_positions(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Hash positions: equal ones get equal numbers, different ones hardly ever.

    Parameters
    ----------
    ra, dec
        Degrees, `[n]`.

    Returns
    -------
    numpy.ndarray
        Uint64 `[n]`.
    """
    # adding 0 turns -0 into 0, which is the same place
    keys = (ra + 0.0).view(np.uint64)
    keys *= _ODD
    keys += (dec + 0.0).view(np.uint64)
    # 0 means that a row has no key, but (0, 0) is a position
    keys += np.uint64(1)
    return keys


def group_positions(
    ra: NDArray[np.float64], dec: NDArray[np.float64], radius: float
) -> NDArray[np.int64]:
    """Group positions that lie closer together than a radius.

    Positions that are linked by others form one group (friends of friends), so positions of
    different groups never lie within the radius.

    Parameters
    ----------
    ra, dec
        Degrees, `[n]`.
    radius
        Arcsec.

    Returns
    -------
    numpy.ndarray
        Int64 `[n]`, from 1; 0 where a position has no neighbour.
    """
    a, d = np.radians(ra), np.radians(dec)
    places = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)
    # length of the chord between two points at that angular distance
    chord = 2.0 * np.sin(np.radians(radius / 3600.0) / 2.0)
    pairs = cKDTree(places).query_pairs(chord, output_type="ndarray")
    rows, ends = np.unique(pairs, return_inverse=True)
    count = len(rows)
    links = coo_array(
        (np.ones(len(pairs), dtype=bool), ends.reshape(-1, 2).T), shape=(count, count)
    )
    groups = np.zeros(len(ra), dtype=np.int64)
    groups[rows] = 1 + connected_components(links, directed=False)[1]
    return groups
