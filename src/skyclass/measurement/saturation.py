"""Recognise saturated stars, whether or not the survey has interpolated their cores."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.stamps import Stamps

__all__ = ["RING_REACH", "SaturatedStars", "find_saturated"]

_RINGS: Final = (0.0, 0.9, 1.5, 2.2, 3.0, 4.0, 5.5)
"""Edges of the rings about a source, in FWHM of the PSF: each yields a flux of its own."""

RING_REACH: Final = _RINGS[-1]
"""How far stamps must reach, in FWHM."""

_LEAST: Final = 0.45
"""Central pixel that the wings of a saturated star predict, in the saturation level: a pipeline
holds its pixels before flat field and sky subtraction to that level."""

_FAR_ABOVE: Final = 2.0
"""The same where not even the ring from 2.2 to 3 FWHM is free of saturated pixels."""

_EXCESS: Final = 1.4
"""Flux of the wings in that of the core."""

_AGREEMENT: Final = 1.3
"""Ratio up to which two rings agree: those of a galaxy differ by a factor of two."""


@dataclass(frozen=True, eq=False)
class SaturatedStars:
    """Which of `n` sources are saturated."""

    saturated: NDArray[np.bool_]
    """Whether a source is, `[n]`."""
    flux: NDArray[np.float64]
    """Flux of its wings in nanomaggies, `[n]`; NaN of the others."""
    radius: NDArray[np.float64]
    """Radius in pixels within which its pixels do not count, `[n]`; 0 of the others."""


def find_saturated(
    stamps: Stamps, psf: NDArray[np.float32], fwhm: NDArray[np.float64], saturation: float
) -> SaturatedStars:
    """Find the saturated stars among sources.

    In real corrected frames, the core of a saturated star has been interpolated to any value below
    the saturation level. Its wings give it away: they agree on a flux whose core would reach
    saturation, and the core has less. The wings of a galaxy do not agree with each other.

    Parameters
    ----------
    stamps
        Of the sources, without sky, out to `RING_REACH` times the FWHM.
    psf
        Point source of flux 1 in their pixels, `[n, y, x]`.
    fwhm
        Full width at half maximum of the PSF in pixels, `[n]`.
    saturation
        Nanomaggies above which a pixel is saturated; infinite where not known.

    Returns
    -------
    SaturatedStars
        Of the `n` sources.
    """
    radius = np.hypot(stamps.dy[:, :, None], stamps.dx[:, None, :]) / fwhm[:, None, None]
    core, _, wing, inner, middle, outer = _fit_rings(stamps, psf, radius)
    level = _LEAST * saturation / psf.max(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        near = _agree(inner, middle) & (np.minimum(inner, middle) > level)
        far = _agree(middle, outer) & (np.minimum(middle, outer) > _FAR_ABOVE / _LEAST * level)
        hollow = inner > _EXCESS * core
        clipped = ((radius < 1.0) & (stamps.pixels >= saturation)).any(axis=(1, 2))
        saturated = ((near | far) & hollow) | clipped
        wide = ~(wing > inner / _AGREEMENT)
    edge = np.where(near & ~far, np.where(wide, _RINGS[3], _RINGS[2]), _RINGS[4])
    return SaturatedStars(
        saturated,
        np.where(saturated, np.where(near, inner, middle), np.nan),
        np.where(saturated, edge * fwhm, 0.0),
    )


def _fit_rings(
    stamps: Stamps, psf: NDArray[np.float32], radius: NDArray[np.floating]
) -> list[NDArray[np.float64]]:
    """Fit the flux of a point source to the pixels of each ring; NaN where there are none."""
    fluxes = []
    for low, high in pairwise(_RINGS):
        ring = psf * (stamps.valid & (radius >= low) & (radius < high))
        power = np.einsum("nyx,nyx->n", ring, ring)
        light = np.einsum("nyx,nyx->n", ring, stamps.pixels)
        fluxes.append(light / np.where(power > 0, power, np.nan))
    return fluxes


def _agree(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell where two fluxes agree."""
    return np.asarray((a < _AGREEMENT * b) & (b < _AGREEMENT * a))
