"""Adaptive moments: where the light of a source lies, how wide and how elongated it is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.stamps import Stamps

__all__ = ["Moments", "measure_moments"]

_START: Final = 2.0
"""Variance in pixels squared of the first weight."""

_LIMITS: Final = (0.3, 60.0)
"""Least and greatest variance of a weight in pixels squared."""

_ROUNDS: Final = 12
"""Each halves what is left to converge."""

_FARTHEST: Final = 2.0
"""Pixels that a centroid may lie from the position."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Centroids and second moments of `n` sources, NaN where a source has no light."""

    y: NDArray[np.float64]
    """Rows from the position to the centroid, `[n]`."""
    x: NDArray[np.float64]
    """Columns from the position to the centroid, `[n]`."""
    area: NDArray[np.float64]
    """Square root of the determinant of the covariance in pixels squared, `[n]`."""
    ellipticity: NDArray[np.float64]
    """``(yy - xx) / (yy + xx)`` and ``2 xy / (yy + xx)``, `[n, 2]`."""


def measure_moments(stamps: Stamps) -> Moments:
    """Measure moments under an elliptical Gaussian weight that adapts to the source.

    (Bernstein & Jarvis 2002, AJ 123, 583; M_RR_CC of SDSS is such a one.)

    Parameters
    ----------
    stamps
        Of `n` sources, without sky.

    Returns
    -------
    Moments
        Of these sources.

    Examples
    --------
    >>> axis = np.arange(-12, 13)[None]
    >>> light = np.exp(-0.5 * (axis[:, :, None] ** 2 / 2 + axis[:, None, :] ** 2 / 3))
    >>> stamps = Stamps(light, np.ones(light.shape, bool), axis, axis)
    >>> float(measure_moments(stamps).area[0].round(2))
    2.45
    """
    n = len(stamps.pixels)
    centre = np.zeros((2, n))
    covariance = np.array([_START, 0.0, _START])[:, None].repeat(n, axis=1)
    light = np.where(stamps.valid, stamps.pixels, 0.0)
    for _ in range(_ROUNDS):
        dy = stamps.dy - centre[0][:, None]
        dx = stamps.dx - centre[1][:, None]
        weighted = _weigh(dy, dx, covariance) * light
        total, y, x, yy, yx, xx = _sum_moments(weighted, dy, dx)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = np.where(total > 0, total, np.nan)
            # under a Gaussian weight as wide as the source, moments are half of its own
            centre = (centre + 2.0 * np.stack([y, x]) / total).clip(-_FARTHEST, _FARTHEST)
            covariance = 2.0 * np.stack([yy, yx, xx]) / total
        covariance[[0, 2]] = covariance[[0, 2]].clip(*_LIMITS)
        most = 0.8 * np.sqrt(covariance[0] * covariance[2])
        covariance[1] = covariance[1].clip(-most, most)
    yy, yx, xx = covariance
    return Moments(
        centre[0],
        centre[1],
        np.sqrt(yy * xx - yx**2),
        np.stack([yy - xx, 2.0 * yx], axis=1) / (yy + xx)[:, None],
    )


def _weigh(
    dy: NDArray[np.float64], dx: NDArray[np.float64], covariance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the Gaussian weights of the pixels, `[n, y, x]`."""
    yy, yx, xx = (part[:, None, None] for part in covariance)
    determinant = yy * xx - yx**2
    y, x = dy[:, :, None], dx[:, None, :]
    squared = (xx * y**2 - 2.0 * yx * y * x + yy * x**2) / determinant
    return np.asarray(np.exp(-0.5 * squared))


def _sum_moments(
    weighted: NDArray[np.float64], dy: NDArray[np.float64], dx: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Sum light, first and second moments of each stamp."""
    rows, columns = weighted.sum(axis=2), weighted.sum(axis=1)
    cross = np.einsum("nyx,ny,nx->n", weighted, dy, dx)
    return (
        rows.sum(axis=1),
        (rows * dy).sum(axis=1),
        (columns * dx).sum(axis=1),
        (rows * dy**2).sum(axis=1),
        cross,
        (columns * dx**2).sum(axis=1),
    )
