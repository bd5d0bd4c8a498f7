"""The PSF: a Moffat profile, and how wide it is on stars."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.stamps import Stamps

__all__ = ["BETA", "compute_moffat", "fit_widths"]

BETA: Final = 3.0
"""Slope of the Moffat profile (photoField's PSF_BETA: 3.0 to 3.3 in g and r)."""

_WIDTHS: Final = np.geomspace(1.6, 9.0, 25)
"""FWHM in pixels that are tried."""


def compute_moffat(
    dy: NDArray[np.floating], dx: NDArray[np.floating], fwhm: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Compute a round Moffat profile of flux 1 at pixel centres.

    Parameters
    ----------
    dy, dx
        Rows and columns from the object, `[n, y]` and `[n, x]`.
    fwhm
        Full width at half maximum in pixels, `[n]`.

    Returns
    -------
    numpy.ndarray
        `[n, y, x]`.

    Examples
    --------
    >>> axis = np.arange(-20, 21)[None]
    >>> float(compute_moffat(axis, axis, np.array([3.0])).sum().round(2))
    1.0
    """
    scale = np.asarray(fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / BETA) - 1.0)), np.float32)
    squared = dy[:, :, None] ** 2 + dx[:, None, :] ** 2
    profile = (1.0 + squared / scale[:, None, None] ** 2) ** np.float32(-BETA)
    norm = (BETA - 1.0) / (np.pi * scale**2)
    return np.asarray(profile * norm[:, None, None], np.float32)


def fit_widths(stamps: Stamps) -> NDArray[np.float64]:
    """Fit the width of a point source to each stamp, by least squares.

    Parameters
    ----------
    stamps
        Of `n` stars, without sky.

    Returns
    -------
    numpy.ndarray
        FWHM in pixels, `[n]`; where a stamp has no light, one of the two ends.
    """
    gain = np.empty((len(_WIDTHS), len(stamps.pixels)))
    for trial, width in enumerate(_WIDTHS):
        profile = compute_moffat(stamps.dy, stamps.dx, np.full(len(stamps.pixels), width))
        profile *= stamps.valid
        power = np.einsum("nyx,nyx->n", profile, profile)
        light = np.einsum("nyx,nyx->n", profile, stamps.pixels)
        gain[trial] = np.maximum(light, 0.0) ** 2 / np.maximum(power, 1e-12)
    best = gain.argmax(axis=0).clip(1, len(_WIDTHS) - 2)
    rows = np.arange(gain.shape[1])
    left, middle, right = (gain[best + step, rows] for step in (-1, 0, 1))
    curvature = left - 2.0 * middle + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, 1), 0)
    step = np.log(_WIDTHS[1] / _WIDTHS[0])
    return np.asarray(_WIDTHS[best] * np.exp(step * shift.clip(-1, 1)))
