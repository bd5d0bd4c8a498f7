"""Find pairs of positions on the sky that lie close together."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClosePairs", "find_close_pairs"]

_SMALLEST: Final = 2.0**-19
"""Smallest cell, 0.4 arcsec: the number of a cell takes 20 bits an axis."""

_BITS: Final = 21
"""Bits between the numbers of a cell on two axes."""


class ClosePairs(NamedTuple):
    """Pairs of positions, `m` of them."""

    one: NDArray[np.int64]
    """Row of the first position, `[m]`, ascending."""
    other: NDArray[np.int64]
    """Row of the second, `[m]`; the nearest first where one position has several."""
    distance: NDArray[np.float64]
    """Arcsec, `[m]`."""


def find_close_pairs(
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    other_ra: NDArray[np.float64],
    other_dec: NDArray[np.float64],
    radius: float,
) -> ClosePairs:
    """Find all pairs of one position each of two lists that lie within a radius.

    The directions are sorted into cubic cells no smaller than the radius, so that only the cells
    around a position are searched: time and memory grow with the number of positions and pairs.

    Parameters
    ----------
    ra, dec
        Positions in degrees, `[n]`.
    other_ra, other_dec
        Positions in degrees of the other list.
    radius
        Arcsec.

    Returns
    -------
    ClosePairs
        Rows in the two lists, and their distances.

    Examples
    --------
    >>> import numpy as np
    >>> ra, dec = np.array([10.0, 20.0]), np.zeros(2)
    >>> find_close_pairs(ra, dec, np.array([20.0001, 30.0]), dec, 1.0)[:2]
    (array([1]), array([0]))
    """
    places, others = _find_directions(ra, dec), _find_directions(other_ra, other_dec)
    # length of the chord between two points at that angular distance
    chord = 2.0 * np.sin(np.radians(radius / 3600.0) / 2.0)
    cell = max(chord, _SMALLEST)
    keys = _number_cells(others, cell)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    numbers = _number_cells(places, cell)
    # searching in the order of the cells stays within the processor's cache
    rows = np.argsort(numbers, kind="stable")
    numbers, places = numbers[rows], places[rows]
    pairs = []
    for step in _list_steps():
        start = np.searchsorted(keys, numbers + (step - 1), side="left")
        stop = np.searchsorted(keys, numbers + (step + 1), side="right")
        one = np.repeat(np.arange(len(numbers)), stop - start)
        # the running number in a row's stretch, from its start on
        before = np.repeat(np.cumsum(stop - start) - (stop - start), stop - start)
        other = order[np.arange(len(one)) - before + np.repeat(start, stop - start)]
        apart = np.linalg.norm(places[one] - others[other], axis=1)
        near = apart <= chord
        pairs.append((rows[one[near]], other[near], apart[near]))
    one, other, apart = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    ranks = np.lexsort((other, apart, one))
    distance = np.degrees(2.0 * np.arcsin(apart[ranks] / 2.0)) * 3600.0
    return ClosePairs(one[ranks], other[ranks], distance)


def _find_directions(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert positions to unit vectors, `[n, 3]`."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)


def _number_cells(places: NDArray[np.float64], cell: float) -> NDArray[np.int64]:
    """Compute the number of each direction's cell; along the last axis they are consecutive."""
    x, y, z = (np.floor(places / cell).astype(np.int64) + 2**20).T
    numbers: NDArray[np.int64] = (x << 2 * _BITS) + (y << _BITS) + z
    return numbers


def _list_steps() -> list[int]:
    """List the differences between the numbers of a cell and of its neighbours on two axes."""
    return [(dx << 2 * _BITS) + (dy << _BITS) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
