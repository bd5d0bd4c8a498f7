"""Sources that lie near each other on a frame."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_neighbours", "merge_positions"]


def find_neighbours(
    y: NDArray[np.float64], x: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Find all pairs of positions within a radius.

    Parameters
    ----------
    y, x
        Positions in pixels, `[n]`.
    radius
        Greatest distance in pixels.

    Returns
    -------
    first, second
        Numbers of the positions of each pair, either way round, `[pair]`.
    distance
        In pixels, `[pair]`.

    Examples
    --------
    >>> first, second, distance = find_neighbours(np.zeros(3), np.array([0.0, 9.0, 1.0]), 2.0)
    >>> first.tolist(), second.tolist(), distance.tolist()
    ([0, 2], [2, 0], [1.0, 1.0])
    """
    order = np.argsort(y, kind="stable")
    end = np.searchsorted(y[order], y[order] + radius, side="right")
    count = end - np.arange(len(y)) - 1
    low = np.repeat(np.arange(len(y)), count)
    high = low + 1 + np.arange(len(low)) - np.repeat(np.cumsum(count) - count, count)
    low, high = order[low], order[high]
    distance = np.hypot(y[low] - y[high], x[low] - x[high])
    near = distance <= radius
    low, high, distance = low[near], high[near], distance[near]
    return (
        np.concatenate([low, high]),
        np.concatenate([high, low]),
        np.concatenate([distance, distance]),
    )


def merge_positions(
    y: NDArray[np.float64], x: NDArray[np.float64], radius: float
) -> NDArray[np.intp]:
    """Find which of the earlier positions each position is the same as.

    Parameters
    ----------
    y, x
        Positions in pixels, `[n]`.
    radius
        Distance in pixels up to which two positions are the same source.

    Returns
    -------
    numpy.ndarray
        Number of the first position of the same source, `[n]`; its own where there is none.

    Examples
    --------
    >>> merge_positions(np.zeros(4), np.array([5.0, 0.0, 5.1, 0.2]), 0.5).tolist()
    [0, 1, 0, 1]
    """
    first, second, _ = find_neighbours(y, x, radius)
    same = np.arange(len(y))
    earlier = second < first
    np.minimum.at(same, first[earlier], second[earlier])
    # a position that joins one which itself joins another becomes a source of its own
    joined = same[same] == same
    return np.where(joined, same, np.arange(len(y)))
