"""Tell which cutouts do not show their object where it is said to be."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_off_centre"]

_SIGNIFICANT: Final = 7.0
"""Times the noise above which a peak is taken for a source."""

_MAD: Final = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def find_off_centre(
    image: NDArray[np.float32], offset: NDArray[np.float32], distance: float = 3.0
) -> NDArray[np.bool_]:
    """Tell which cutouts show sources, but none where their object is said to be.

    Parameters
    ----------
    image
        One band, `[n, y, x]`; zero where there is no measurement.
    offset
        Pixels in y and x from the cutouts' centres to the objects, `[n, 2]`.
    distance
        Pixels within which the object must show a peak.

    Returns
    -------
    numpy.ndarray
        `[n]`; false where nothing rises above the noise.

    Examples
    --------
    >>> axis = np.arange(33)
    >>> star = np.exp(-((axis[:, None] - 16) ** 2 + (axis - 21) ** 2) / 4)[None]
    >>> noise = np.random.default_rng(1).normal(0, 0.01, star.shape)
    >>> find_off_centre(star + noise, np.zeros((1, 2))).tolist()
    [True]
    >>> find_off_centre(star + noise, np.array([[0, 5]])).tolist()
    [False]
    """
    windows = np.lib.stride_tricks.sliding_window_view
    smooth = windows(np.pad(image, ((0, 0), (1, 1), (1, 1)), "edge"), (3, 3), (1, 2))
    smooth = smooth.mean(axis=(-2, -1), dtype=np.float64)
    level = np.median(smooth, axis=(1, 2), keepdims=True)
    noise = _MAD * np.median(np.abs(smooth - level), axis=(1, 2), keepdims=True)
    around = windows(np.pad(smooth, ((0, 0), (2, 2), (2, 2)), "edge"), (5, 5), (1, 2))
    peak = (smooth >= around.max(axis=(-2, -1))) & (smooth > level + _SIGNIFICANT * noise)
    axis = np.arange(image.shape[-1]) - (image.shape[-1] - 1) / 2
    y, x = (axis - offset[:, [i]] for i in (0, 1))
    near = y[:, :, None] ** 2 + x[:, None, :] ** 2 <= distance**2
    off: NDArray[np.bool_] = peak.any(axis=(1, 2)) & ~(peak & near).any(axis=(1, 2))
    return off
