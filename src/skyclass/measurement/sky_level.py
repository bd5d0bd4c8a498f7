"""What is left of the sky in a frame, and the noise of an empty pixel."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.stamps import Stamps

__all__ = ["Sky", "measure_sky"]

_BLOCK: Final = 4
"""Side in pixels of the blocks that are averaged, so that faint sources stand out of the noise."""

_MESH: Final = 32
"""Blocks along a side of the cells in which the sky is measured."""

_CLIP: Final = 2.5
_CLIPPED_SPREAD: Final = 0.9546
"""Standard deviation of a normal distribution that is cut at `_CLIP`, less than 1."""

_ROUNDS: Final = 5

_AWAY: Final = 1
"""Blocks on each side of that of a known source that are left out."""

_LEAST_FREE: Final = 0.1
"""Share of a cell's blocks that are away from sources in a field that is not crowded."""

_UNEVEN: Final = 2.0
"""Scatter of a cell in the usual one, from which it lies in the wings of a bright source."""

_SMALL: Final = 400
"""Rows of a frame of which all are needed for the noise."""

_EVERY_ROW: Final = 20
"""One row in so many is enough for the noise."""


@dataclass(frozen=True, eq=False)
class Sky:
    """The sky of one frame."""

    level: NDArray[np.float64]
    """Nanomaggies per pixel in each cell, `[y, x]`."""
    cell: tuple[float, float]
    """Height and width of a cell in pixels."""
    noise: float
    """Standard deviation of an empty pixel in nanomaggies."""

    def interpolate(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate the level between the middles of cells.

        Parameters
        ----------
        y, x
            Positions in the frame, `[n]`.

        Returns
        -------
        numpy.ndarray
            Nanomaggies per pixel, `[n]`.
        """
        rows, columns = self.level.shape
        v = ((y + 0.5) / self.cell[0] - 0.5).clip(0, rows - 1)
        u = ((x + 0.5) / self.cell[1] - 0.5).clip(0, columns - 1)
        low_v, low_u = v.astype(np.intp), u.astype(np.intp)
        high_v, high_u = (low_v + 1).clip(max=rows - 1), (low_u + 1).clip(max=columns - 1)
        v, u = v - low_v, u - low_u
        below = self.level[low_v, low_u] * (1 - u) + self.level[low_v, high_u] * u
        above = self.level[high_v, low_u] * (1 - u) + self.level[high_v, high_u] * u
        return np.asarray(below * (1 - v) + above * v)

    def subtract(self, stamps: Stamps, y: NDArray[np.float64], x: NDArray[np.float64]) -> Stamps:
        """Subtract the level at its position from each stamp.

        Parameters
        ----------
        stamps
            Of the frame.
        y, x
            Their positions in the frame, `[n]`.

        Returns
        -------
        Stamps
            Without sky.
        """
        level = self.interpolate(y, x)[:, None, None].astype(np.float32)
        return replace(stamps, pixels=np.where(stamps.valid, stamps.pixels - level, np.float32(0)))


def measure_sky(image: NDArray[np.float32], y: NDArray[np.float64], x: NDArray[np.float64]) -> Sky:
    """Measure the sky of a frame and its noise.

    The level is a clipped mean of blocks of pixels away from sources: pixels of real frames are
    whole counts, a few of which are a standard deviation, so that a median or a mode of them is off
    by up to a tenth of it. Cells that a bright source fills take the level of the others.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`; at least one pixel.
    y, x
        Positions of known sources, `[n]`.

    Returns
    -------
    Sky
        Of the frame.

    Examples
    --------
    >>> image = np.random.default_rng(1).normal(0.5, 2.0, (256, 256)).astype(np.float32)
    >>> sky = measure_sky(image, np.array([20.0]), np.array([30.0]))
    >>> round(sky.noise, 1), sky.level.mean().round(1)
    (2.0, np.float64(0.5))
    """
    sample = image[:: 1 if len(image) < _SMALL else _EVERY_ROW].ravel()
    noise = _clip(sample[np.isfinite(sample)][None])[1]
    blocks = _average_blocks(image)
    cells, values = _split(blocks)
    away = _split(_mask_sources(blocks, y, x))[1]
    # in a crowded cell all blocks must do
    free = np.isfinite(away).mean(axis=1) > _LEAST_FREE
    level, spread = _clip(np.where(free[:, None], away, values))
    level, spread = level.reshape(cells), spread.reshape(cells)
    level[~(spread <= _UNEVEN * np.nanmedian(spread))] = np.nan
    level = np.where(np.isnan(level), np.nanmedian(level), level)
    return Sky(
        np.nan_to_num(_smooth(level)),
        (image.shape[0] / cells[0], image.shape[1] / cells[1]),
        float(np.nan_to_num(noise[0])),
    )


def _mask_sources(
    blocks: NDArray[np.float32], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Set the blocks around known sources to NaN."""
    masked = blocks.copy()
    reach = np.arange(-_AWAY, _AWAY + 1)
    rows = ((y / _BLOCK).astype(np.intp)[:, None] + reach).clip(0, blocks.shape[0] - 1)
    columns = ((x / _BLOCK).astype(np.intp)[:, None] + reach).clip(0, blocks.shape[1] - 1)
    masked[rows[:, :, None], columns[:, None, :]] = np.nan
    return masked


def _average_blocks(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the pixels of blocks; NaN where one is not finite."""
    height, width = (min(_BLOCK, size) for size in image.shape)
    cut = image[: len(image) // height * height, : image.shape[1] // width * width]
    rows = np.zeros((len(cut) // height, cut.shape[1]), np.float32)
    for i in range(height):
        rows += cut[i::height]
    blocks = np.zeros((len(rows), cut.shape[1] // width), np.float32)
    for i in range(width):
        blocks += rows[:, i::width]
    blocks /= height * width
    return blocks


def _split(
    blocks: NDArray[np.float32],
) -> tuple[tuple[int, int], NDArray[np.float32]]:
    """Split blocks into cells, `[cell, block]`, and count the cells along both axes."""
    rows, columns = (max(1, round(size / _MESH)) for size in blocks.shape)
    height, width = blocks.shape[0] // rows, blocks.shape[1] // columns
    cut = blocks[: rows * height, : columns * width]
    cells = cut.reshape(rows, height, columns, width).swapaxes(1, 2)
    return (rows, columns), cells.reshape(rows * columns, height * width)


def _clip(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the mean and the standard deviation of each row without outliers; NaN where none."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    count = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    low, mean, high = (ordered[rows, (part * count).astype(np.intp)] for part in (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349
    with np.errstate(invalid="ignore", divide="ignore"):
        for _ in range(_ROUNDS):
            kept = np.abs(values - mean[:, None]) <= (_CLIP * spread)[:, None]
            count = kept.sum(axis=1)
            mean = np.sum(values, axis=1, where=kept, dtype=np.float64) / count
            squares = np.sum(np.square(values), axis=1, where=kept, dtype=np.float64) / count
            spread = np.sqrt((squares - mean**2).clip(0)) / _CLIPPED_SPREAD
    return mean, spread


def _smooth(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the median of each cell and its neighbours."""
    padded = np.pad(level, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.asarray(np.median(windows, axis=(2, 3)))
