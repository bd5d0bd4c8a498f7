"""Fluxes in nanomaggies and AB magnitudes: zero point and asinh scale."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NANOMAGGY",
    "POGSON",
    "ZERO_POINT",
    "propagate_asinh_error",
    "to_asinh_magnitude",
    "to_flux",
    "to_magnitude",
]

ZERO_POINT: Final = 22.5
"""AB magnitude of one nanomaggy."""

POGSON: Final = float(2.5 / np.log(10.0))
"""Magnitudes in a factor of e (Pogson 1856, MNRAS 17, 12)."""

NANOMAGGY: Final = 1e-9
"""In maggies, of which one has AB magnitude 0."""


def to_flux(magnitude: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Convert logarithmic AB magnitudes to fluxes.

    Parameters
    ----------
    magnitude
        Any shape.

    Returns
    -------
    numpy.ndarray
        Nanomaggies, the same shape.
    """
    return np.asarray(10.0 ** (0.4 * (ZERO_POINT - magnitude)))


def to_magnitude(flux: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert fluxes to logarithmic AB magnitudes.

    Parameters
    ----------
    flux
        Nanomaggies, any shape.

    Returns
    -------
    numpy.ndarray
        The same shape; NaN where a flux is not positive.
    """
    return np.asarray(ZERO_POINT - 2.5 * np.log10(np.where(flux > 0, flux, np.nan)))


def to_asinh_magnitude(
    flux: NDArray[np.float64], softening: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Convert fluxes to asinh magnitudes (Lupton, Gunn & Szalay 1999, AJ 118, 1406).

    Parameters
    ----------
    flux
        Nanomaggies, any shape.
    softening
        `b` in maggies: one, or one for each band on the last axis.

    Returns
    -------
    numpy.ndarray
        The same shape; ``-POGSON * ln(b)`` at a flux of zero.
    """
    x = flux / (2.0 * softening / NANOMAGGY)
    return np.asarray(-POGSON * (np.arcsinh(x) + np.log(softening)))


def propagate_asinh_error(
    flux: NDArray[np.float64],
    error: NDArray[np.float64],
    softening: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Propagate the errors of fluxes to their asinh magnitudes.

    Parameters
    ----------
    flux, error
        Nanomaggies, the same shape.
    softening
        As in `to_asinh_magnitude`.

    Returns
    -------
    numpy.ndarray
        Errors in magnitudes, the same shape.
    """
    twice = 2.0 * softening / NANOMAGGY
    return np.asarray(POGSON * error / (twice * np.sqrt(1.0 + (flux / twice) ** 2)))
