"""Photometry of one band: fluxes of point sources with errors, apertures, concentration, flags."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.aperture_photometry import APERTURE
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.measurement.psf_model import compute_moffat
from skyclass.measurement.stamps import Stamps
from skyclass.photometry import POGSON

__all__ = ["count_half_side", "measure_band"]

_PSF_FLOOR: Final = 0.01
"""Share of a flux that the PSF model is trusted to."""

_EXTENDED: Final = 1.5
"""FWHM of the extended source of the concentration, in that of the PSF."""

_CORE: Final = 1.5
"""Pixels from the object within which a missing or saturated pixel counts."""


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
    fwhm: NDArray[np.float64],
    noise: NDArray[np.float64],
    *,
    pixel_scale: float,
    gain: float = np.inf,
    saturation: float = np.inf,
) -> Measurement:
    """Measure `n` objects in one band.

    Parameters
    ----------
    stamps
        Around the objects, without sky.
    fwhm
        Of the PSF at each object in pixels, `[n]`.
    noise
        Of an empty pixel in nanomaggies, `[n]`.
    pixel_scale
        Arcsec per pixel.
    gain
        Electrons of one nanomaggy; infinite where not known.
    saturation
        Nanomaggies above which a pixel is saturated.

    Returns
    -------
    Measurement
        With one band, `[n, 1]`.
    """
    psf = compute_moffat(stamps.dy, stamps.dx, fwhm)
    wide = compute_moffat(stamps.dy, stamps.dx, _EXTENDED * fwhm)
    point = psf * stamps.valid
    extended = wide * stamps.valid
    empty = ~stamps.valid.any(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        point /= _sum(point, psf)[:, None, None]
        extended /= _sum(extended, psf)[:, None, None]
        flux = _sum(point, stamps.pixels)
        flux_extended = _sum(extended, stamps.pixels)
        variance = noise[:, None, None] ** 2 + psf * (flux.clip(0) / gain)[:, None, None]
        error = np.sqrt(_sum(point**2, variance))
        difference = extended - point
        magnitudes = POGSON * np.log(flux_extended / flux)
        magnitudes_err = POGSON * np.sqrt(_sum(difference**2, variance)) / flux
        unusable = (flux <= 0) | (flux_extended <= 0)
        weight = _weight_aperture(stamps, APERTURE / pixel_scale) * stamps.valid
        aperture = _sum(weight, stamps.pixels) / _sum(weight, psf)
    columns = {
        "psf_flux": flux,
        "psf_flux_err": np.hypot(error, _PSF_FLOOR * flux),
        "aperture_flux": aperture,
        "psf_fwhm": fwhm * pixel_scale,
        "sky_noise": noise,
        "concentration": np.where(unusable, np.nan, magnitudes),
        "concentration_err": np.where(unusable, np.nan, magnitudes_err),
    }
    flags = _flag(stamps, saturation) | np.where(flux > 3 * error, 0, int(Flag.NO_DETECTION))
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


def _flag(stamps: Stamps, saturation: float) -> NDArray[np.int64]:
    """Flag what stamps show: the edge of the image, saturated cores, missing pixels."""
    distance = np.hypot(stamps.dy[:, :, None], stamps.dx[:, None, :])
    core = distance < _CORE
    missing = ~stamps.valid.all(axis=(1, 2))
    flags = np.where(missing, int(Flag.EDGE), 0)
    flags |= np.where((core & ~stamps.valid).any(axis=(1, 2)), int(Flag.BAD_PIXELS), 0)
    saturated = (core & (stamps.pixels >= saturation)).any(axis=(1, 2))
    return np.asarray(flags | np.where(saturated, int(Flag.SATURATED), 0), np.int64)
