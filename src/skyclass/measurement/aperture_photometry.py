"""Aperture photometry on cutouts."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["APERTURE", "aperture_flux"]

APERTURE: Final = 3.96
"""Radius of the aperture in arcsec: within 4 % of SDSS's PSF fluxes on real stars."""

_ANNULUS: Final = (6.336, 11.088)
"""Inner and outer radius in arcsec of the ring in which the local sky is measured."""


def aperture_flux(
    flux: NDArray[np.float32],
    offset: NDArray[np.float32],
    radius: float = APERTURE,
    *,
    pixel_scale: float,
) -> NDArray[np.float64]:
    """Sum the light within a circle around each object, less the local sky.

    A pixel on the rim counts in proportion to its distance from it. The sky is the median of the
    ring between 6.3 and 11.1 arcsec.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    offset
        Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`.
    radius
        Radius of the circle in arcsec.
    pixel_scale
        Arcsec per pixel of the cutouts.

    Returns
    -------
    numpy.ndarray
        Nanomaggies, `[n, band]`.
    """
    inner, outer = (edge / pixel_scale for edge in _ANNULUS)
    side = flux.shape[-1]
    farthest = max(outer, radius / pixel_scale + 0.5) + np.max(np.abs(offset), initial=0)
    # no pixel beyond ring and circle counts
    reach = int(np.ceil(farthest)) + 1 if np.isfinite(farthest) else side
    near = slice(max(0, side // 2 - reach), side // 2 + reach + 1)
    axis = np.arange(side)[near] - (side - 1) / 2
    out = np.empty(flux.shape[:2])
    for place in np.ndindex(out.shape):
        image, (y, x) = flux[place][near, near], offset[place]
        distance = np.sqrt((axis - y)[:, None] ** 2 + (axis - x) ** 2)
        weight = np.clip(radius / pixel_scale + 0.5 - distance, 0, 1)
        sky = _compute_median(image[(distance >= inner) & (distance < outer)])
        out[place] = np.sum((image - sky) * weight, dtype=np.float64)
    return out


def _compute_median(pixels: NDArray[np.float32]) -> float:
    """Compute the median, 0 of nothing; `numpy.median` takes four times as long for a ring."""
    middle = pixels.size // 2
    if not middle:
        return float(pixels.sum())
    pixels.partition((middle - 1, middle))
    return float(pixels[middle] if pixels.size % 2 else pixels[middle - 1 : middle + 1].mean())
