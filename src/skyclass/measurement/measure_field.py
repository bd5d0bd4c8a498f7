"""Measure objects on the whole frames of their field."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.detect import detect
from skyclass.measurement.measure_frame import measure_frame
from skyclass.measurement.measurement import Measurement, join_bands
from skyclass.measurement.neighbours import merge_positions
from skyclass.surveys.survey import Survey

__all__ = ["measure_field"]

_SAME: Final = 0.1
"""Arcsec between two positions of the same object."""

_RESOLVED: Final = 1.3
"""Arcsec from an object within which a detection is that object: closer pairs are not told apart by
the detection, only by positions that are asked for."""


def measure_field(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    survey: Survey,
) -> Measurement:
    """Measure point-source fluxes, PSF, noise and flags of objects on the frames of a field.

    Sources that are detected beside the objects are fitted together with them.

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

    Raises
    ------
    InferenceError
        If a frame cannot be searched for sources.
    """
    frames = [_drop_neighbour_rows(frame) for frame in frames]
    source, all_ra, all_dec = _find_sources(frames, ra, dec, survey)
    bands = [measure_frame(frame, all_ra, all_dec, source, survey.pixel_scale) for frame in frames]
    return join_bands(bands)


def _drop_neighbour_rows(frame: Frame) -> Frame:
    """Drop the rows of a neighbouring unit before a frame's own."""
    return replace(frame, data=frame.data[frame.before :], before=0) if frame.before else frame


def _find_sources(
    frames: Sequence[Frame], ra: NDArray[np.float64], dec: NDArray[np.float64], survey: Survey
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Find all sources of a field: the number of each object's source, and their positions."""
    names = (survey.detection_band, *survey.band_names)
    frame = next((f for name in names for f in frames if f.band == name and f.data.size), frames[0])
    x, y = frame.pixel(ra, dec)
    x, y = np.nan_to_num(x, nan=-1e9), np.nan_to_num(y, nan=-1e9)
    same = merge_positions(y, x, _SAME / survey.pixel_scale)
    first, source = np.unique(same, return_inverse=True)
    if not frame.data.size:
        return source, ra[first], dec[first]
    detected = detect(frame)
    # objects come first, so that a detection near one is that object
    together = merge_positions(
        np.concatenate([y[first], detected["y"]]),
        np.concatenate([x[first], detected["x"]]),
        _RESOLVED / survey.pixel_scale,
    )[len(first) :]
    others = detected[together >= len(first)]
    return source, np.r_[ra[first], others["ra"]], np.r_[dec[first], others["dec"]]
