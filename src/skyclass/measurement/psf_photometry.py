"""Photometry of objects in one band: fluxes with errors, apertures, concentration, flags."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.aperture_photometry import APERTURE
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.measurement.stamps import Stamps
from skyclass.photometry import POGSON

__all__ = ["WIDER", "count_half_side", "measure_band"]

WIDER: Final = 1.5
"""Width of the extended source that the concentration compares with, in that of the PSF."""

_CORE: Final = 1.5
"""Pixels from the object within which a missing pixel counts as bad."""

_DETECTION: Final = 3.0
"""Flux in its error below which an object is not detected."""


def count_half_side(pixel_scale: float) -> int:
    """Count the pixels of a stamp on each side of the middle one.

    Parameters
    ----------
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    int
        Enough for the aperture.
    """
    return int(np.ceil(APERTURE / pixel_scale)) + 1


def measure_band(
    stamps: Stamps,
    psf: NDArray[np.float32],
    wide: NDArray[np.float32],
    *,
    fwhm: NDArray[np.float64],
    noise: NDArray[np.float64],
    floor: float,
    pixel_scale: float,
    gain: float,
    inflation: NDArray[np.float64] | float = 1.0,
) -> Measurement:
    """Measure `n` objects in one band.

    Parameters
    ----------
    stamps
        Around the objects, without sky and neighbours.
    psf
        Point source of flux 1 in their pixels, `[n, y, x]`.
    wide
        Source that is `WIDER`, `[n, y, x]`.
    fwhm
        Of the PSF at each object in pixels, `[n]`.
    noise
        Standard deviation of an empty pixel in nanomaggies, `[n]`.
    floor
        Share of a flux that the PSF is trusted to.
    pixel_scale
        Arcsec per pixel.
    gain
        Electrons of one nanomaggy; infinite where not known.
    inflation
        By what factor neighbours raise the variance of each flux, `[n]`.

    Returns
    -------
    Measurement
        With one band, `[n, 1]`.
    """
    point, extended = psf * stamps.valid, wide * stamps.valid
    aperture = _weight_aperture(stamps, APERTURE / pixel_scale) * stamps.valid
    with np.errstate(divide="ignore", invalid="ignore"):
        # weights under each of which a point source has its own flux
        for weight in (point, extended, aperture):
            weight /= _sum(weight, psf)[:, None, None]
        flux, flux_extended = _sum(point, stamps.pixels), _sum(extended, stamps.pixels)
        variance = noise[:, None, None] ** 2 + psf * (flux.clip(0) / gain)[:, None, None]
        error = np.sqrt(_sum(point**2, variance) * inflation)
        concentration = POGSON * np.log(flux_extended / flux)
        spread = np.sqrt(_sum((extended - point) ** 2, variance) * inflation) / flux
        unusable = ~((flux > 0) & (flux_extended > 0))
        columns = {
            "psf_flux": flux,
            "psf_flux_err": np.hypot(error, floor * flux),
            "aperture_flux": _sum(aperture, stamps.pixels),
            "psf_fwhm": fwhm * pixel_scale,
            "sky_noise": noise,
            "concentration": np.where(unusable, np.nan, concentration),
            "concentration_err": np.where(unusable, np.nan, POGSON * np.hypot(spread, floor)),
        }
        detected = flux > _DETECTION * error
    empty = ~stamps.valid.any(axis=(1, 2))
    flags = _flag_pixels(stamps) | np.where(detected, 0, int(Flag.NO_DETECTION))
    return Measurement(
        **{
            name: np.where(empty, np.nan, values).astype(np.float32)[:, None]
            for name, values in columns.items()
        },
        flags=flags.astype(np.int32)[:, None],
    )


def _sum(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum products over the pixels of each stamp."""
    total: NDArray[np.float64] = np.einsum("nyx,nyx->n", a, b, dtype=np.float64)
    return total


def _weight_aperture(stamps: Stamps, radius: float) -> NDArray[np.float32]:
    """Weight the pixels within a circle; one on the rim counts by its distance from it."""
    distance = np.hypot(stamps.dy[:, :, None], stamps.dx[:, None, :])
    return np.asarray((radius + 0.5 - distance).clip(0, 1), np.float32)


def _flag_pixels(stamps: Stamps) -> NDArray[np.int64]:
    """Flag objects some of whose pixels are missing."""
    core = np.hypot(stamps.dy[:, :, None], stamps.dx[:, None, :]) < _CORE
    bad = (core & ~stamps.valid).any(axis=(1, 2))
    return np.where(bad, int(Flag.BAD_PIXELS), 0)
