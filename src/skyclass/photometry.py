"""Magnitudes: zero point, asinh scale, extinction, and colours to magnitudes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXTINCTION", "SOFTENING", "asinh_magnitudes", "fluxes", "magnitudes_from_r"]

SOFTENING: Final = np.array([1.4e-10, 0.9e-10, 1.2e-10, 1.8e-10, 7.4e-10])
"""Softening of the asinh magnitudes in u g r i z (Stoughton et al. 2002, AJ 123, 485, table 21)."""

EXTINCTION: Final = np.array([5.155, 3.793, 2.751, 2.086, 1.479])
"""Extinction in u g r i z per E(B-V) (Schlegel et al. 1998, ApJ 500, 525; Stoughton et al.
2002)."""

_POGSON: Final = 2.5 / np.log(10.0)
_NANOMAGGY: Final = 1e-9


def fluxes(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logarithmic AB magnitudes into nanomaggies (zero point 22.5).

    Parameters
    ----------
    magnitudes
        Any shape.

    Returns
    -------
    numpy.ndarray
        Fluxes in nanomaggies, the same shape.
    """
    return np.asarray(10.0 ** (0.4 * (22.5 - magnitudes)))


def asinh_magnitudes(
    flux: NDArray[np.float64], error: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give asinh magnitudes and their errors (Lupton, Gunn & Szalay 1999, AJ 118, 1406).

    Parameters
    ----------
    flux, error
        Measured fluxes and their errors in nanomaggies, ``[n, 5]`` in u g r i z.

    Returns
    -------
    magnitude, error
        The same shape; a flux of zero has magnitude 24.63, 25.11, 24.80, 24.36, 22.83.
    """
    twice = 2.0 * SOFTENING / _NANOMAGGY
    x = flux / twice
    magnitude = -_POGSON * (np.arcsinh(x) + np.log(SOFTENING))
    return magnitude, _POGSON * error / (twice * np.sqrt(1.0 + x**2))


def magnitudes_from_r(r: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Build five magnitudes of the r magnitude and four colours.

    Parameters
    ----------
    r
        Magnitudes in r, ``[n]``.
    colours
        u-g, g-r, r-i, i-z, ``[n, 4]``.

    Returns
    -------
    numpy.ndarray
        Magnitudes in u g r i z, ``[n, 5]``.
    """
    u_g, g_r, r_i, i_z = colours.T
    return np.stack([r + g_r + u_g, r + g_r, r, r - r_i, r - r_i - i_z], axis=-1)
