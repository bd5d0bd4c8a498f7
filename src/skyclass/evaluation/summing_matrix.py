"""Sums over groups of objects, for many weightings at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["make_summing_matrix"]


def make_summing_matrix(
    groups: NDArray[np.int64],
    count: int,
    *,
    rows: NDArray[np.int64] | None = None,
    values: NDArray[np.float64] | None = None,
    n: int | None = None,
) -> csr_array:
    """Build the sparse matrix that sums objects by group.

    Parameters
    ----------
    groups
        Group of each object, numbered from 0, `[m]`.
    count
        Number of groups.
    rows
        Which of `n` objects these are, `[m]`; by default all of them.
    values
        What each object contributes, `[m]`; by default 1.
    n
        Number of objects; by default `m`.

    Returns
    -------
    scipy.sparse.csr_array
        `[count, n]`; its product with weights `[n, r]` is the sums `[count, r]`.
    """
    m = len(groups)
    entries = np.ones(m) if values is None else values
    columns = np.arange(m) if rows is None else rows
    return csr_array((entries, (groups, columns)), shape=(count, m if n is None else n))
