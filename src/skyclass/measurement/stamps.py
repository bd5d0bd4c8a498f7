"""Stamps: small squares of pixels around positions of one image, all positions at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stamps", "cut_stamps", "subtract_stamps"]


@dataclass(frozen=True, eq=False)
class Stamps:
    """Squares of one image around `n` positions."""

    pixels: NDArray[np.float32]
    """Nanomaggies, `[n, y, x]`; zero where there is no pixel."""
    valid: NDArray[np.bool_]
    """Whether a pixel lies on the image and is finite, `[n, y, x]`."""
    dy: NDArray[np.float32]
    """Rows from the object to each row of its stamp, `[n, y]`."""
    dx: NDArray[np.float32]
    """Columns from the object to each column of its stamp, `[n, x]`."""


def cut_stamps(
    image: NDArray[np.float32], y: NDArray[np.float64], x: NDArray[np.float64], half: int
) -> Stamps:
    """Cut the square of ``2 half + 1`` pixels around the pixel nearest to each position.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`.
    y, x
        Zero-based positions in the image, `[n]`; they may lie beyond it.
    half
        Pixels on each side of the middle one.

    Returns
    -------
    Stamps
        Of the `n` positions.

    Examples
    --------
    >>> stamps = cut_stamps(np.ones((5, 5), np.float32), np.array([2.2]), np.array([0.0]), 1)
    >>> stamps.pixels[0].tolist()
    [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    reach = np.arange(-half, half + 1)
    rows = np.rint(y).astype(np.intp)[:, None] + reach
    columns = np.rint(x).astype(np.intp)[:, None] + reach
    on_rows = (rows >= 0) & (rows < image.shape[0])
    on_columns = (columns >= 0) & (columns < image.shape[1])
    inside = on_rows[:, :, None] & on_columns[:, None, :]
    pixels = image[
        rows.clip(0, image.shape[0] - 1)[:, :, None],
        columns.clip(0, image.shape[1] - 1)[:, None, :],
    ]
    valid = inside & np.isfinite(pixels)
    return Stamps(
        np.where(valid, pixels, np.float32(0)),
        valid,
        (rows - y[:, None]).astype(np.float32),
        (columns - x[:, None]).astype(np.float32),
    )


def subtract_stamps(
    image: NDArray[np.float32],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    light: NDArray[np.float32],
) -> None:
    """Subtract light from the squares around positions, also where these overlap.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`; modified in place.
    y, x
        Zero-based positions in the image, `[n]`.
    light
        Nanomaggies in the pixels of the stamps that `cut_stamps` would cut, `[n, y, x]`.

    Examples
    --------
    >>> image = np.ones((3, 3), np.float32)
    >>> subtract_stamps(image, np.zeros(1), np.array([1.2]), np.ones((1, 3, 3), np.float32))
    >>> image.tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    side = light.shape[1]
    tops, lefts = (np.rint(v).astype(int) - side // 2 for v in (y, x))
    for top, left, stamp in zip(tops.tolist(), lefts.tolist(), light, strict=True):
        rows = slice(max(top, 0), max(min(top + side, image.shape[0]), 0))
        columns = slice(max(left, 0), max(min(left + side, image.shape[1]), 0))
        image[rows, columns] -= stamp[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
