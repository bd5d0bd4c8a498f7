"""Sums over objects by their place, for many weightings at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["make_summing_matrix"]


def make_summing_matrix(
    places: NDArray[np.int64],
    count: int,
    *,
    rows: NDArray[np.int64] | None = None,
    values: NDArray[np.float64] | None = None,
    n: int | None = None,
) -> csr_array:
    """Make the sparse matrix that adds objects up by their place.

    Parameters
    ----------
    places
        Place of each object, from 0, `[m]`.
    count
        Number of places.
    rows
        Which of `n` objects these are, `[m]`; all of them where not given.
    values
        What each of them counts, `[m]`; 1 where not given.
    n
        Number of objects; `m` where not given.

    Returns
    -------
    scipy.sparse.csr_array
        `[count, n]`; times weights `[n, r]` it gives the sums `[count, r]`.
    """
    m = len(places)
    ones = np.ones(m) if values is None else values
    columns = np.arange(m) if rows is None else rows
    return csr_array((ones, (places, columns)), shape=(count, m if n is None else n))
