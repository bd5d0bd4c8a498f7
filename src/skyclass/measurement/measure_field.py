"""Measure objects on the whole frames of their field."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cores import map_on_cores
from skyclass.frames.frame import Frame
from skyclass.measurement.field_sources import find_field_sources
from skyclass.measurement.measure_frame import measure_frame
from skyclass.measurement.measurement import Measurement, join_bands
from skyclass.surveys.survey import Survey

__all__ = ["measure_field"]


def measure_field(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    survey: Survey,
    detected: pd.DataFrame | None = None,
) -> Measurement:
    """Measure point-source fluxes, PSF, noise and flags of objects on the frames of a field.

    All sources that are detected are fitted together; each object is then measured at its own
    position, without the light of the others.

    Parameters
    ----------
    frames
        Whole frames of all bands, in the order of the survey's; without pixels where a band is
        missing.
    ra, dec
        ICRS positions in degrees, `[n]`.
    survey
        Survey of the frames.
    detected
        What `skyclass.measurement.detect.detect` found on the frame in the survey's detection
        band, if that was asked already.

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
    frame = _choose_frame(frames, survey)
    sources = find_field_sources(frame, ra, dec, survey.pixel_scale, detected)

    def measure(frame: Frame) -> Measurement:
        return measure_frame(frame, sources, survey.pixel_scale)

    return join_bands(map_on_cores(measure, frames))


def _drop_neighbour_rows(frame: Frame) -> Frame:
    """Drop the rows of a neighbouring unit before a frame's own."""
    return replace(frame, data=frame.data[frame.before :], before=0) if frame.before else frame


def _choose_frame(frames: Sequence[Frame], survey: Survey) -> Frame:
    """Choose the frame to detect sources in: the detection band's, or the first with pixels."""
    names = (survey.detection_band, *survey.band_names)
    return next((f for name in names for f in frames if f.band == name and f.data.size), frames[0])
