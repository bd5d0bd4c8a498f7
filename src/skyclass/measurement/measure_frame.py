"""Measure objects in one band: PSF, saturated stars, a fit of all sources, then each alone."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.aperture_photometry import APERTURE
from skyclass.measurement.field_sources import FieldSources
from skyclass.measurement.fit_psf import fit_psf
from skyclass.measurement.fit_sources import SourceFit, fit_sources
from skyclass.measurement.frame_sources import FrameSources
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.measurement.neighbours import find_neighbours
from skyclass.measurement.psf_model import PsfModel
from skyclass.measurement.psf_photometry import WIDER, count_half_side, measure_band
from skyclass.measurement.saturation import RING_REACH, SaturatedStars, find_saturated
from skyclass.measurement.sky_level import Sky, measure_sky
from skyclass.measurement.stamps import Stamps, cut_stamps

__all__ = ["measure_frame"]

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


@dataclass(frozen=True, eq=False)
class _Objects:
    """Objects that are measured: the number of the source that each is, and where it is."""

    number: NDArray[np.intp]
    y: NDArray[np.float64]
    x: NDArray[np.float64]


def measure_frame(frame: Frame, sources: FieldSources, pixel_scale: float) -> Measurement:
    """Measure objects in one band.

    Parameters
    ----------
    frame
        Whole frame of the band, or one without pixels.
    sources
        All sources of the field, and the `n` objects among them.
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    Measurement
        With one band, `[n, 1]`.
    """
    x, y = frame.pixel(sources.ra, sources.dec)
    inside = _contains(frame, y, x)
    own_x, own_y = frame.pixel(sources.object_ra, sources.object_dec)
    here = np.flatnonzero(_contains(frame, own_y, own_x) & inside[sources.number])
    if not len(here):
        return _make_nothing(len(sources.number))
    objects = _Objects((np.cumsum(inside) - 1)[sources.number[here]], own_y[here], own_x[here])
    at_x, at_y = frame.pixel(sources.detected_ra, sources.detected_dec)
    shown = _contains(frame, at_y, at_x)
    night = _fit_night(frame, at_y[shown], at_x[shown], pixel_scale)
    fitted = FrameSources(y[inside], x[inside], *night)
    part = _measure_inside(frame, fitted, objects, pixel_scale)
    if len(here) == len(sources.number):
        return part
    measured = _make_nothing(len(sources.number))
    for field in fields(Measurement):
        getattr(measured, field.name)[here] = getattr(part, field.name)
    return measured


def _contains(frame: Frame, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the positions that lie on pixels of a frame."""
    return frame.contains(x, y) & (y < len(frame.data) - 0.5)


def _make_nothing(count: int) -> Measurement:
    """Make the measurement of objects beyond the frame."""
    columns: dict[str, Any] = {
        field.name: np.full((count, 1), np.nan, np.float32) for field in fields(Measurement)
    }
    columns["flags"] = np.full((count, 1), int(Flag.EDGE | Flag.NO_DETECTION), np.int32)
    return Measurement(**columns)


def _fit_night(
    frame: Frame, y: NDArray[np.float64], x: NDArray[np.float64], pixel_scale: float
) -> tuple[PsfModel, Sky]:
    """Fit the PSF and the sky of a frame to what is detected on it."""
    sky = measure_sky(frame.data, y, x)
    stars = _select_isolated(frame, sky, y, x, pixel_scale)
    model = fit_psf(
        frame.data,
        sky,
        y[stars],
        x[stars],
        gain=frame.gain,
        pixel_scale=pixel_scale,
    )
    return model, sky


def _measure_inside(
    frame: Frame, sources: FrameSources, objects: _Objects, pixel_scale: float
) -> Measurement:
    """Measure objects among the sources that lie on a frame."""
    saturated, star = _join_fragments(sources, _find_saturated(frame, sources))
    objects = replace(objects, number=star[objects.number])
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


def _join_fragments(
    sources: FrameSources, stars: SaturatedStars
) -> tuple[SaturatedStars, NDArray[np.intp]]:
    """Join the sources into which a saturated core was broken; return which star each source is."""
    star = np.arange(len(sources.y))
    part, whole, distance = find_neighbours(sources.y, sources.x, float(stars.radius.max()))
    light = np.nan_to_num(stars.flux)
    within = (distance < stars.radius[whole]) & (light[part] < light[whole])
    # the brightest star in whose core a source lies is written last
    order = np.argsort(light[whole[within]], kind="stable")
    star[part[within][order]] = whole[within][order]
    star = star[star]
    fragment = star != np.arange(len(star))
    joined = SaturatedStars(
        stars.saturated | fragment,
        np.where(fragment, 0.0, stars.flux),
        np.where(fragment, 0.0, stars.radius),
    )
    return joined, star


def _measure_alone(
    frame: Frame,
    image: NDArray[np.float32],
    sources: FrameSources,
    fit: SourceFit,
    saturated: NDArray[np.bool_],
    objects: _Objects,
    pixel_scale: float,
) -> Measurement:
    """Measure objects on an image from which all sources were subtracted, and add flags."""
    placed, every = replace(sources, y=objects.y, x=objects.x), np.arange(len(objects.y))
    half = count_half_side(pixel_scale)
    stamps = placed.cut(image, half, every)
    psf = placed.draw(stamps, every)
    own = _draw_subtracted(stamps, sources, fit, objects)
    wide = replace(placed, model=placed.model.widen(WIDER)).draw(stamps, every)
    measured = measure_band(
        replace(stamps, pixels=stamps.pixels + own),
        psf,
        wide,
        fwhm=placed.fwhm,
        noise=np.full(len(every), sources.sky.noise),
        floor=sources.model.floor,
        pixel_scale=pixel_scale,
        gain=frame.gain,
        inflation=fit.inflation[objects.number],
    )
    core = int(np.ceil(np.median(sources.fwhm)))
    _add_flags(measured, frame, placed, saturated[objects.number], core, pixel_scale)
    return measured


def _draw_subtracted(
    stamps: Stamps, sources: FrameSources, fit: SourceFit, objects: _Objects
) -> NDArray[np.float32]:
    """Draw the light of each object that was subtracted from the pixels of its stamp."""
    rows = objects.number
    y, x = sources.y[rows], sources.x[rows]
    dy, dx = stamps.dy + (objects.y - y)[:, None], stamps.dx + (objects.x - x)[:, None]
    light = np.nan_to_num(fit.flux[rows]).astype(np.float32)[:, None, None]
    light = light * sources.model.evaluate(y, x, dy, dx)
    extent = fit.extent[rows][:, None]
    inside_y, inside_x = (
        np.abs(np.rint(distance + (place - np.rint(place))[:, None])) <= extent
        for distance, place in ((dy, y), (dx, x))
    )
    return np.asarray(light * (inside_y[:, :, None] & inside_x[:, None, :] & stamps.valid))


def _add_flags(
    measured: Measurement,
    frame: Frame,
    sources: FrameSources,
    saturated: NDArray[np.bool_],
    core: int,
    pixel_scale: float,
) -> None:
    """Flag edges, saturated stars, blends and a poor PSF, and raise errors of saturated stars."""
    every = np.arange(len(sources.y))
    flux, error = measured.psf_flux[:, 0], measured.psf_flux_err[:, 0]
    stamps = sources.cut(frame.data, core, every)
    psf = sources.draw(stamps, every) * stamps.valid
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.sum(psf * stamps.pixels, axis=(1, 2)) / np.sum(psf**2, axis=(1, 2))
        blended = together - flux > _BLENDED * np.maximum(flux, 3.0 * error)
    blended &= ~saturated
    y, x, reach = sources.y, sources.x, APERTURE / pixel_scale
    rows, columns = frame.data.shape
    edge = (np.minimum(y, x) < reach) | (y > rows - 1 - reach) | (x > columns - 1 - reach)
    flags = measured.flags[:, 0]
    flags |= np.where(edge, int(Flag.EDGE), 0)
    flags |= np.where(saturated, int(Flag.SATURATED), 0)
    flags |= np.where(blended, int(Flag.BLENDED), 0)
    flags |= int(Flag.POOR_PSF) if sources.model.poor else 0
    wings = np.where(saturated, _SATURATED_ERROR * flux, 0.0)
    error[:] = np.hypot(error, wings)
