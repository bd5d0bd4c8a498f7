"""Measure objects on their cutouts alone, where their field is not at hand."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.measurement import Flag, Measurement, join_bands
from skyclass.measurement.moments import measure_moments
from skyclass.measurement.psf_model import (
    POOR_FLOOR,
    SEEING,
    USUAL_FWHM,
    convert_to_fwhm,
    evaluate_moffat,
)
from skyclass.measurement.psf_photometry import WIDER, count_half_side, measure_band
from skyclass.measurement.stamps import Stamps
from skyclass.surveys.survey import Survey

__all__ = ["measure_cutouts"]

_BRIGHT: Final = 20.0
"""Signal to noise of an object whose width is taken for that of the PSF."""


def measure_cutouts(
    flux: NDArray[np.float32],
    offset: NDArray[np.float32],
    survey: Survey,
    *,
    mask: NDArray[np.bool_] | None = None,
    psf_fwhm: NDArray[np.floating] | None = None,
) -> Measurement:
    """Measure objects on their cutouts.

    The sky is the median of the pixels beyond the aperture. Without `psf_fwhm` the width of the
    PSF is that of the object itself in each band in which it is bright, and the median of these in
    the others; then every band is flagged `POOR_PSF`. The concentration compares with a PSF that is
    not wider than seeing.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    offset
        Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`.
    survey
        Survey of the cutouts.
    mask
        True where a pixel does not measure the object, `[n, band, y, x]`; none if None.
    psf_fwhm
        Full width at half maximum of the PSF in arcsec, `[n, band]`.

    Returns
    -------
    Measurement
        Of the `n` objects, in all bands.
    """
    scale = survey.pixel_scale
    stamps, noise = [], []
    for band in range(len(survey.bands)):
        wrong = ~np.isfinite(flux[:, band]) if mask is None else mask[:, band]
        image, sigma = _subtract_sky(flux[:, band], offset[:, band], wrong, scale)
        stamps.append(_crop(image, wrong, offset[:, band], count_half_side(scale)))
        noise.append(sigma)
    if psf_fwhm is not None:
        return _measure_stamps(stamps, noise, np.asarray(psf_fwhm, np.float64) / scale, survey)
    own = _estimate_widths(stamps, noise, scale)
    measured = _measure_stamps(stamps, noise, own, survey)
    # what is wider than seeing is extended: flux is that of the object's own width, shape is not
    narrowest, widest = SEEING
    seeing = own.clip(narrowest / scale, widest / scale)
    shape = _measure_stamps(stamps, noise, seeing, survey)
    return replace(
        measured,
        concentration=shape.concentration,
        concentration_err=shape.concentration_err,
        flags=measured.flags | int(Flag.POOR_PSF),
    )


def _measure_stamps(
    stamps: list[Stamps],
    noise: list[NDArray[np.float64]],
    widths: NDArray[np.float64],
    survey: Survey,
) -> Measurement:
    """Measure stamps of all bands, with a PSF of so many pixels in each, `[n, band]`."""
    return join_bands(
        [
            measure_band(
                stamps[band],
                evaluate_moffat(widths[:, band], stamps[band].dy, stamps[band].dx),
                evaluate_moffat(WIDER * widths[:, band], stamps[band].dy, stamps[band].dx),
                fwhm=widths[:, band],
                noise=noise[band],
                floor=POOR_FLOOR,
                pixel_scale=survey.pixel_scale,
                gain=survey.bands[band].gain or np.inf,
            )
            for band in range(len(survey.bands))
        ]
    )


def _subtract_sky(
    image: NDArray[np.float32],
    offset: NDArray[np.float32],
    wrong: NDArray[np.bool_],
    pixel_scale: float,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Subtract the sky of each cutout of one band, and estimate its noise."""
    axis = np.arange(image.shape[-1]) - (image.shape[-1] - 1) / 2
    dy, dx = axis - offset[:, :1], axis - offset[:, 1:]
    far = np.hypot(dy[:, :, None], dx[:, None, :]) > count_half_side(pixel_scale)
    pixels = np.where(far & ~wrong, image, np.nan).reshape(len(image), -1)
    pixels[np.isnan(pixels).all(axis=1)] = 0.0
    sky = np.nanmedian(pixels, axis=1)
    # the lower half is free of neighbours
    noise = 1.4826 * np.nanmedian(
        np.where(pixels <= sky[:, None], sky[:, None] - pixels, np.nan), 1
    )
    return image - sky[:, None, None].astype(np.float32), noise


def _crop(
    image: NDArray[np.float32], wrong: NDArray[np.bool_], offset: NDArray[np.float32], half: int
) -> Stamps:
    """Crop cutouts to stamps about their objects."""
    middle = (image.shape[-1] - 1) / 2
    position = middle + offset
    reach = np.arange(-half, half + 1)
    rows, columns = (np.rint(position[:, i]).astype(np.intp)[:, None] + reach for i in (0, 1))
    size = image.shape[-1]
    inside = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[
        :, None, :
    ]
    which = (
        np.arange(len(image))[:, None, None],
        rows.clip(0, size - 1)[:, :, None],
        columns.clip(0, size - 1)[:, None, :],
    )
    valid = inside & ~wrong[which]
    return Stamps(
        np.where(valid, image[which], np.float32(0)),
        valid,
        (rows - position[:, :1]).astype(np.float32),
        (columns - position[:, 1:]).astype(np.float32),
    )


def _estimate_widths(
    stamps: list[Stamps], noise: list[NDArray[np.float64]], pixel_scale: float
) -> NDArray[np.float64]:
    """Estimate the width of the PSF in pixels from the objects themselves, `[n, band]`."""
    usual = USUAL_FWHM / pixel_scale
    widths = np.full((len(noise[0]), len(stamps)), np.nan)
    for band, (stamp, sigma) in enumerate(zip(stamps, noise, strict=True)):
        middle = stamp.pixels.shape[-1] // 2
        core = stamp.pixels[:, middle - 2 : middle + 3, middle - 2 : middle + 3].sum(axis=(1, 2))
        bright = core > _BRIGHT * 5 * sigma
        widths[bright, band] = convert_to_fwhm(measure_moments(stamp).area)[bright]
    known = ~np.isnan(widths).all(axis=1)
    own = np.full(len(widths), usual)
    own[known] = np.nanmedian(widths[known], axis=1)
    return np.where(np.isnan(widths), own[:, None], widths)
