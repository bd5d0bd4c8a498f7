"""Which rows are the same object again."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["first_of_each_id", "first_of_each_place", "first_within"]


def first_of_each_id(ids: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark the first row of each id; rows without an id are all first.

    Parameters
    ----------
    ids
        Ids, `[n]`, 0 where there is none.

    Returns
    -------
    numpy.ndarray
        Bool `[n]`.
    """
    return np.asarray(~pd.Series(ids).duplicated() | (ids == 0), dtype=bool)


def first_of_each_place(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the first row of each exactly equal position.

    Parameters
    ----------
    ra, dec
        Degrees, `[n]`.

    Returns
    -------
    numpy.ndarray
        Bool `[n]`.
    """
    # one complex number for each place: pandas finds equal numbers fastest in a single column
    return np.asarray(~pd.Series(ra + 1j * dec).duplicated(), dtype=bool)


def first_within(
    ra: NDArray[np.float64], dec: NDArray[np.float64], radius: float
) -> NDArray[np.bool_]:
    """Mark the first row of each group of positions nearer to each other than a radius.

    Positions that are linked by others form one group (friends of friends), so no two rows that are
    marked lie within the radius.

    Parameters
    ----------
    ra, dec
        Degrees, `[n]`.
    radius
        Arcsec.

    Returns
    -------
    numpy.ndarray
        Bool `[n]`.
    """
    a, d = np.radians(ra), np.radians(dec)
    places = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)
    # the straight line through the sphere between points that far apart
    chord = 2.0 * np.sin(np.radians(radius / 3600.0) / 2.0)
    pairs = cKDTree(places).query_pairs(chord, output_type="ndarray")
    count = len(places)
    links = coo_array((np.ones(len(pairs), dtype=bool), pairs.T), shape=(count, count))
    _, group = connected_components(links, directed=False)
    first = np.zeros(count, dtype=bool)
    first[np.unique(group, return_index=True)[1]] = True
    return first
