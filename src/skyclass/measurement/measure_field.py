"""Measure objects on the whole frames of their field."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.measurement import Flag, Measurement, join_bands
from skyclass.measurement.psf_model import fit_widths
from skyclass.measurement.psf_photometry import count_half_side, measure_band
from skyclass.measurement.sky import subtract_sky
from skyclass.measurement.stamps import Stamps, cut_stamps
from skyclass.surveys.survey import Survey

__all__ = ["measure_field"]

_USUAL_FWHM: Final = 1.3
"""Of the PSF in arcsec, where no star shows it."""

_BRIGHT: Final = 30.0
"""Signal to noise in a pixel of the stars that show the PSF."""


def measure_field(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    survey: Survey,
) -> Measurement:
    """Measure point-source fluxes, PSF, noise and flags of objects on the frames of a field.

    Parameters
    ----------
    frames
        Whole frames of all bands, in the order of the survey's; without pixels where a band is
        missing.
    ra, dec
        ICRS positions in degrees, `[n]`.
    survey
        Survey of the frames.

    Returns
    -------
    Measurement
        Of the `n` objects, in all bands.
    """
    return join_bands([_measure_frame(frame, ra, dec, survey.pixel_scale) for frame in frames])


def _measure_frame(
    frame: Frame, ra: NDArray[np.float64], dec: NDArray[np.float64], pixel_scale: float
) -> Measurement:
    """Measure objects in one band."""
    half = count_half_side(pixel_scale)
    x, y = frame.pixel(ra, dec)
    inside = frame.contains(x, y)
    # an object beyond the frame gets an empty stamp, wherever its position went
    x, y = np.where(inside, x, -1e4), np.where(inside, y + frame.before, -1e4)
    if not frame.data.size:
        return measure_band(
            _make_empty_stamps(len(ra), half),
            np.ones(len(ra)),
            np.ones(len(ra)),
            pixel_scale=pixel_scale,
        )
    image, noise = subtract_sky(frame.data)
    stamps = cut_stamps(image, y, x, half)
    peak = stamps.pixels[:, half - 1 : half + 2, half - 1 : half + 2].max(axis=(1, 2))
    bright = (peak > _BRIGHT * noise) & (peak < 0.5 * frame.saturation)
    if bright.any():
        fwhm = float(np.median(fit_widths(cut_stamps(image, y[bright], x[bright], half))))
    else:
        fwhm = _USUAL_FWHM / pixel_scale
    measured = measure_band(
        stamps,
        np.full(len(ra), fwhm),
        np.full(len(ra), noise),
        pixel_scale=pixel_scale,
        gain=frame.gain,
        saturation=frame.saturation,
    )
    measured.flags[...] |= 0 if bright.any() else int(Flag.POOR_PSF)
    return measured


def _make_empty_stamps(count: int, half: int) -> Stamps:
    """Make stamps of no image."""
    away = np.full(count, -1e4)
    return cut_stamps(np.full((1, 1), np.nan, np.float32), away, away, half)
