"""Bring arrays of other bands or units into the form that a model takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.images.array_cutouts import CutoutArrays, check_bands, make_arrays
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.registry import get_survey

if TYPE_CHECKING:
    from astropy.nddata import NDData

__all__ = ["StatedPixels", "convert_arrays", "read_nddata"]

_AB: Final = 3631.0
"""Flux density of AB magnitude 0 in Jy."""

_TOLERANCE: Final = 0.02
"""Largest relative difference between the pixels of an array and those of a survey."""


@dataclass(frozen=True)
class StatedPixels:
    """What is said about the pixels of an array; None where nothing is."""

    survey: str | None = None
    """Name of their survey."""
    bands: Sequence[str] | None = None
    """Names of their bands, in order."""
    unit: str | None = None
    """Unit of their fluxes, as astropy spells it."""
    pixel_scale: float | None = None
    """Arcsec per pixel."""


def convert_arrays(arrays: CutoutArrays, spec: ModelSpec, stated: StatedPixels) -> CutoutArrays:
    """Bring cutouts into the bands and the unit of a model.

    Parameters
    ----------
    arrays
        Cutouts of `n` objects.
    spec
        The model.
    stated
        What is said about their pixels: by default the bands of the model's survey, nanomaggies,
        and its pixel scale.

    Returns
    -------
    CutoutArrays
        In nanomaggies, in all bands of the survey; one that they lack is masked.

    Raises
    ------
    InferenceError
        If a band is none of the survey, or lacks and the model was not trained without it; if the
        unit is none of fluxes, or the pixels are of another scale.
    ImageError
        If the number of bands is another one.
    """
    survey = get_survey(spec.survey)
    scale = stated.pixel_scale
    if scale is not None and not abs(scale / survey.pixel_scale - 1) <= _TOLERANCE:
        raise InferenceError(
            f"the cutouts have {scale:g} arcsec a pixel, the model takes {survey.pixel_scale:g}"
            f" ({survey.name}); resample them"
        )
    if stated.unit is not None:
        flux = arrays.flux * np.float32(_convert_unit(stated.unit))
        arrays = replace(arrays, flux=flux)
    if stated.bands is None:
        check_bands(arrays, survey)
        return arrays
    return _order_bands(arrays, tuple(stated.bands), spec)


def _convert_unit(unit: str) -> float:
    """Compute how many nanomaggies one of a unit is."""
    from astropy import units

    wrong = f"unit {unit!r} is none of fluxes; use nanomaggy, nJy or another that astropy knows"
    try:
        parsed = units.Unit(unit)
        if not isinstance(parsed, units.UnitBase):  # magnitudes are no factor times a flux
            raise InferenceError(wrong)
        zero = units.zero_point_flux(_AB * units.Jy)
        return float(parsed.to("nmgy", equivalencies=zero))
    except (ValueError, TypeError) as error:  # a conversion error is one, too
        raise InferenceError(wrong) from error


def _order_bands(arrays: CutoutArrays, bands: tuple[str, ...], spec: ModelSpec) -> CutoutArrays:
    """Put bands into the order of the survey; those that lack are masked."""
    survey = get_survey(spec.survey)
    for band in bands:
        survey.get_band(band)
    if len(bands) != arrays.flux.shape[1] or len(set(bands)) != len(bands):
        raise InferenceError(
            f"bands names {' '.join(bands)}, but flux has {arrays.flux.shape[1]} different bands"
        )
    lacking = [band for band in survey.band_names if band not in bands]
    if lacking and spec.cutting_rules.missing_band != "mask":
        raise InferenceError(
            f"the cutouts lack {' '.join(lacking)}, and the model was trained without missing"
            " bands; use one that was (cutouts.missing_band)"
        )
    rows = [survey.band_names.index(band) for band in bands]
    shape = (len(arrays), len(survey.bands), *arrays.flux.shape[2:])
    whole = CutoutArrays(
        np.zeros(shape, np.float32), np.ones(shape, np.bool_), np.zeros((*shape[:2], 2), np.float32)
    )
    whole.flux[:, rows], whole.mask[:, rows] = arrays.flux, arrays.mask
    # nothing is known of the place in a band without pixels
    whole.offset[:] = arrays.offset.mean(axis=1, keepdims=True)
    whole.offset[:, rows] = arrays.offset
    return whole


def read_nddata(
    images: "NDData | Sequence[NDData]", stated: StatedPixels, offset: NDArray[Any] | None
) -> tuple[CutoutArrays, StatedPixels]:
    """Read cutouts from images of astropy (`NDData`, `CCDData`).

    Parameters
    ----------
    images
        Cutouts `[n, band, y, x]`, or one `[band, y, x]`; or a list: of single bands `[y, x]` of one
        object, or of objects `[band, y, x]`. Their masks and units are used; the pixel scale that
        their world coordinates have is checked.
    stated
        What is said about their pixels, beside what they say themselves.
    offset
        As `make_arrays` takes it.

    Returns
    -------
    arrays : CutoutArrays
        Their pixels.
    stated : StatedPixels
        What is known of them.

    Raises
    ------
    InferenceError
        If they have other dimensions, differ in unit, or state a unit or pixel scale that is stated
        beside them, too.
    """
    listed: list[NDData] = list(images) if isinstance(images, Sequence) else [images]
    units = {None if image.unit is None else str(image.unit) for image in listed}
    if len(units) > 1:
        raise InferenceError(f"the images differ in unit ({', '.join(sorted(map(str, units)))})")
    shapes = {np.shape(image.data) for image in listed}
    if len(shapes) > 1:
        raise InferenceError(f"the images differ in shape ({', '.join(map(str, sorted(shapes)))})")
    filled = [_fill_masked(image) for image in listed]
    pixels = filled[0] if len(filled) == 1 else np.stack(filled)
    pixels = pixels[None] if pixels.ndim == 3 else pixels
    if pixels.ndim != 4:
        raise InferenceError(
            f"an image of shape {np.shape(listed[0].data)} is no cutout in all bands; stack the"
            " bands to [band, y, x] or give a list with an image of each, or classify files of"
            " frames"
        )
    (unit,) = units
    scale = _measure_scale(listed[0])
    for name, own in (("unit", unit), ("pixel_scale", scale)):
        if own is not None and getattr(stated, name) is not None:
            raise InferenceError(f"the images state their {name} ({own}) themselves; leave it out")
    known = replace(stated, unit=unit or stated.unit, pixel_scale=scale or stated.pixel_scale)
    return make_arrays(pixels, offset), known


def _fill_masked(image: "NDData") -> NDArray[np.float64]:
    """Fill the masked pixels of an image by NaN."""
    data = np.array(image.data, dtype=np.float64)
    if image.mask is not None:
        data[np.broadcast_to(image.mask, data.shape)] = np.nan
    return data


def _measure_scale(image: "NDData") -> float | None:
    """Measure the pixel scale of an image in arcsec; None without celestial coordinates."""
    wcs = getattr(image, "wcs", None)
    celestial = getattr(wcs, "celestial", None)
    if celestial is None or celestial.naxis != 2:
        return None
    from astropy.wcs.utils import proj_plane_pixel_scales

    return float(np.mean(proj_plane_pixel_scales(celestial)) * 3600)
