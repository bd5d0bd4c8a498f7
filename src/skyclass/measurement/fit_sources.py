"""Fit all sources of a frame together, and subtract them from it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.frame_sources import FrameSources
from skyclass.measurement.joint_fit import fit_jointly, inflate_variance, number_pixels
from skyclass.measurement.saturation import SaturatedStars
from skyclass.measurement.stamps import subtract_stamps

__all__ = ["SourceFit", "fit_sources"]

_FIT_REACH: Final = 2.2
"""Half side of the squares in which sources are fitted together, in FWHM of the PSF."""

_WINGS: Final = 0.1
"""Light of a source in a pixel, in the noise, down to which it is subtracted from others."""


@dataclass(frozen=True, eq=False)
class SourceFit:
    """Fluxes of all sources, and how far they were subtracted from the image."""

    flux: NDArray[np.float64]
    """Nanomaggies, `[source]`; NaN where a source has no pixel."""
    inflation: NDArray[np.float64]
    """By what factor neighbours raise the variance of a flux, `[source]`."""
    extent: NDArray[np.intp]
    """Half side in pixels of the square from which a source was subtracted, `[source]`."""


def fit_sources(
    image: NDArray[np.float32], sources: FrameSources, stars: SaturatedStars, longest: int
) -> SourceFit:
    """Fit the fluxes of all sources, and subtract the sources.

    The fit goes over squares that hold most of a source's light. The wings of the bright ones
    beyond these are subtracted after a first fit, and a second one follows. Saturated stars have
    the flux of their wings.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`; modified in place: the sources are subtracted, and the saturated
        pixels become NaN.
    sources
        All sources of the frame.
    stars
        Which of them are saturated.
    longest
        Pixels to which wings are subtracted at most.

    Returns
    -------
    SourceFit
        Of all sources.
    """
    half = int(np.ceil(_FIT_REACH * np.median(sources.fwhm)))
    flux, extent = stars.flux.copy(), np.full(len(stars.flux), half)
    extent[stars.saturated] = _subtract_saturated(image, sources, stars, longest)
    rows = np.flatnonzero(~stars.saturated)
    stamps = sources.cut(image, half, rows)
    psf = sources.draw(stamps, rows)
    pixel = number_pixels(stamps, sources.y[rows], sources.x[rows])
    noise = sources.sky.noise
    flux[rows] = fit_jointly(stamps, psf, pixel, np.zeros(len(rows)), noise=noise)
    reach = sources.compute_reach(flux, _WINGS * noise).clip(max=longest)
    for row in np.flatnonzero(~stars.saturated & (reach > half)).tolist():
        extent[row] = reach[row]
        sources.subtract(image, row, flux[row], int(reach[row]), without=half)
    stamps = sources.cut(image, half, rows)
    start = np.nan_to_num(flux[rows])
    flux[rows] = fit_jointly(stamps, psf, pixel, start, noise=noise)
    light = psf * np.nan_to_num(flux[rows])[:, None, None].astype(np.float32)
    subtract_stamps(image, sources.y[rows], sources.x[rows], light)
    return SourceFit(flux, inflate_variance(sources.y, sources.x, sources.model), extent)


def _subtract_saturated(
    image: NDArray[np.float32], sources: FrameSources, stars: SaturatedStars, longest: int
) -> NDArray[np.intp]:
    """Subtract saturated stars, mask their cores, and return how far they reached."""
    reach = sources.compute_reach(stars.flux, _WINGS * sources.sky.noise).clip(max=longest)
    rows = np.flatnonzero(stars.saturated)
    for row in rows.tolist():
        sources.subtract(image, row, stars.flux[row], int(reach[row]))
        _mask_circle(image, sources.y[row], sources.x[row], stars.radius[row])
    return np.asarray(reach[rows])


def _mask_circle(image: NDArray[np.float32], y: float, x: float, radius: float) -> None:
    """Set the pixels of a circle to NaN."""
    reach = int(np.ceil(radius))
    rows = np.arange(max(int(y) - reach, 0), min(int(y) + reach + 2, image.shape[0]))
    columns = np.arange(max(int(x) - reach, 0), min(int(x) + reach + 2, image.shape[1]))
    within = np.hypot((rows - y)[:, None], columns - x) < radius
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][within] = np.nan
