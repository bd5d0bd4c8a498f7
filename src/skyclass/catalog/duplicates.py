"""Find rows that are the same object."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.catalog.close_pairs import find_close_pairs

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
    pairs = find_close_pairs(ra, dec, ra, dec, radius)
    distinct = pairs.one != pairs.other
    one, other = pairs.one[distinct], pairs.other[distinct]
    groups = np.zeros(len(ra), dtype=np.int64)
    rows = np.unique(one)
    first = _find_first(len(ra), one, other)
    groups[rows] = 1 + np.unique(first[rows], return_inverse=True)[1]
    return groups


def _find_first(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the first of all rows that are linked to each row, over any number of pairs."""
    first = np.arange(count)
    while True:
        earlier = first.copy()
        # the first row of a group takes the earliest that any of its rows is linked to
        np.minimum.at(earlier, first[one], first[other])
        earlier = earlier[earlier]
        if np.array_equal(earlier, first):
            return first
        first = earlier
