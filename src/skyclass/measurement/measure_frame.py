"""Measure objects in one band: PSF, saturated stars, a fit of all sources, then each alone."""

from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.aperture_photometry import APERTURE
from skyclass.measurement.fit_psf import fit_psf
from skyclass.measurement.fit_sources import SourceFit, fit_sources
from skyclass.measurement.frame_sources import FrameSources
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.measurement.neighbours import find_neighbours
from skyclass.measurement.psf_photometry import WIDER, count_half_side, measure_band
from skyclass.measurement.saturation import RING_REACH, SaturatedStars, find_saturated
from skyclass.measurement.sky import Sky, measure_sky
from skyclass.measurement.stamps import cut_stamps

__all__ = ["measure_frame"]

_USUAL_FWHM: Final = 1.3
"""Of the PSF in arcsec, where no star shows it."""

_ISOLATION: Final = 5.0
"""Arcsec within which an isolated star has no neighbour of more than `_FAINTER` of its light."""

_FAINTER: Final = 0.05

_BRIGHT: Final = 0.03
"""Brightest pixel near a saturated star, in the saturation level."""

_UNSATURATED: Final = 0.5
"""Brightest pixel of a star that shows the PSF, in the saturation level."""

_LONGEST_WINGS: Final = 24.0
"""Arcsec to which the wings of a source are subtracted at most."""

_BLENDED: Final = 0.1
"""Light of neighbours under an object's PSF, in its own, from which it is blended."""

_SATURATED_ERROR: Final = 0.1
"""Share of the flux that the wings of a saturated star are trusted to."""


def measure_frame(
    frame: Frame,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    objects: NDArray[np.intp],
    pixel_scale: float,
) -> Measurement:
    """Measure objects in one band.

    Parameters
    ----------
    frame
        Whole frame of the band, or one without pixels.
    ra, dec
        ICRS positions of all sources of the field in degrees, `[source]`.
    objects
        Numbers of the sources that are measured, `[n]`.
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    Measurement
        With one band, `[n, 1]`.
    """
    x, y = frame.pixel(ra, dec)
    inside = frame.contains(x, y) & (y < len(frame.data) - 0.5)
    here = np.flatnonzero(inside[objects])
    if not len(here):
        return _make_nothing(len(objects))
    number = np.cumsum(inside) - 1
    part = _measure_inside(frame, y[inside], x[inside], number[objects[here]], pixel_scale)
    if len(here) == len(objects):
        return part
    measured = _make_nothing(len(objects))
    for field in fields(Measurement):
        getattr(measured, field.name)[here] = getattr(part, field.name)
    return measured


def _make_nothing(count: int) -> Measurement:
    """Make the measurement of objects beyond the frame."""
    columns: dict[str, Any] = {
        field.name: np.full((count, 1), np.nan, np.float32) for field in fields(Measurement)
    }
    columns["flags"] = np.full((count, 1), int(Flag.EDGE | Flag.NO_DETECTION), np.int32)
    return Measurement(**columns)


def _measure_inside(
    frame: Frame,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    objects: NDArray[np.intp],
    pixel_scale: float,
) -> Measurement:
    """Measure objects among the sources that lie on a frame."""
    sky = measure_sky(frame.data)
    stars = _select_isolated(frame, sky, y, x, pixel_scale)
    model = fit_psf(
        frame.data,
        sky,
        y[stars],
        x[stars],
        gain=frame.gain,
        pixel_scale=pixel_scale,
        usual_fwhm=_USUAL_FWHM,
    )
    sources = FrameSources(y, x, model, sky)
    saturated = _find_saturated(frame, sources)
    image = frame.data.copy()
    fit = fit_sources(image, sources, saturated, int(_LONGEST_WINGS / pixel_scale))
    return _measure_alone(frame, image, sources, fit, saturated.saturated, objects, pixel_scale)


def _select_isolated(
    frame: Frame,
    sky: Sky,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    pixel_scale: float,
) -> NDArray[np.intp]:
    """Select sources without bright neighbours and saturated pixels."""
    core = sky.subtract(cut_stamps(frame.data, y, x, 3), y, x)
    light, peak = core.pixels.sum(axis=(1, 2)), core.pixels.max(axis=(1, 2))
    first, second, _ = find_neighbours(y, x, _ISOLATION / pixel_scale)
    disturbed = np.zeros(len(y), dtype=bool)
    disturbed[first[light[second] > _FAINTER * light[first]]] = True
    return np.flatnonzero(~disturbed & (peak < _UNSATURATED * frame.saturation))


def _find_saturated(frame: Frame, sources: FrameSources) -> SaturatedStars:
    """Find the saturated stars among all sources."""
    count = len(sources.y)
    bright = cut_stamps(frame.data, sources.y, sources.x, 4).pixels.max(axis=(1, 2))
    rows = np.flatnonzero(bright > _BRIGHT * frame.saturation)
    saturated, flux, radius = np.zeros(count, bool), np.full(count, np.nan), np.zeros(count)
    if len(rows):
        fwhm = sources.fwhm[rows]
        stamps = sources.cut(frame.data, int(np.ceil(RING_REACH * fwhm.max())), rows)
        stars = find_saturated(stamps, sources.draw(stamps, rows), fwhm, frame.saturation)
        saturated[rows], flux[rows], radius[rows] = stars.saturated, stars.flux, stars.radius
    return SaturatedStars(saturated, flux, radius)


def _measure_alone(
    frame: Frame,
    image: NDArray[np.float32],
    sources: FrameSources,
    fit: SourceFit,
    saturated: NDArray[np.bool_],
    objects: NDArray[np.intp],
    pixel_scale: float,
) -> Measurement:
    """Measure objects on an image from which all sources were subtracted, and add flags."""
    half = count_half_side(pixel_scale)
    stamps = sources.cut(image, half, objects)
    psf = sources.draw(stamps, objects)
    reach = np.abs(np.arange(-half, half + 1))
    subtracted = reach <= fit.extent[objects][:, None]
    own = np.nan_to_num(fit.flux[objects]).astype(np.float32)[:, None, None] * psf
    own *= subtracted[:, :, None] & subtracted[:, None, :] & stamps.valid
    wide = replace(sources, model=sources.model.widen(WIDER)).draw(stamps, objects)
    measured = measure_band(
        replace(stamps, pixels=stamps.pixels + own),
        psf,
        wide,
        fwhm=sources.fwhm[objects],
        noise=np.full(len(objects), sources.sky.noise),
        floor=sources.model.floor,
        pixel_scale=pixel_scale,
        gain=frame.gain,
        inflation=fit.inflation[objects],
    )
    _add_flags(measured, frame, sources, saturated, objects, pixel_scale)
    return measured


def _add_flags(
    measured: Measurement,
    frame: Frame,
    sources: FrameSources,
    saturated: NDArray[np.bool_],
    objects: NDArray[np.intp],
    pixel_scale: float,
) -> None:
    """Flag edges, saturated stars, blends and a poor PSF, and raise errors of saturated stars."""
    flux, error = measured.psf_flux[:, 0], measured.psf_flux_err[:, 0]
    stamps = sources.cut(frame.data, int(np.ceil(np.median(sources.fwhm))), objects)
    psf = sources.draw(stamps, objects) * stamps.valid
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.sum(psf * stamps.pixels, axis=(1, 2)) / np.sum(psf**2, axis=(1, 2))
        blended = together - flux > _BLENDED * np.maximum(flux, 3.0 * error)
    blended &= ~saturated[objects]
    y, x, reach = sources.y[objects], sources.x[objects], APERTURE / pixel_scale
    rows, columns = frame.data.shape
    edge = (np.minimum(y, x) < reach) | (y > rows - 1 - reach) | (x > columns - 1 - reach)
    flags = measured.flags[:, 0]
    flags |= np.where(edge, int(Flag.EDGE), 0)
    flags |= np.where(saturated[objects], int(Flag.SATURATED), 0)
    flags |= np.where(blended, int(Flag.BLENDED), 0)
    flags |= int(Flag.POOR_PSF) if sources.model.poor else 0
    wings = np.where(saturated[objects], _SATURATED_ERROR * flux, 0.0)
    error[:] = np.hypot(error, wings)
