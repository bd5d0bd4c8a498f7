"""Find the unit of files that holds a position, from the world coordinates of the frames."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.surveys.survey import Survey, Unit

__all__ = ["locate_positions"]

_MARGIN = 1.1
"""Times the distance from a frame's centre to its farthest corner within which positions are
converted to its pixels: far from a frame, its world coordinates mean nothing."""


def locate_positions(
    ra: NDArray[np.float64], dec: NDArray[np.float64], units: Mapping[Unit, Path], survey: Survey
) -> NDArray[np.int64]:
    """Find the unit of files whose frame in the detection band holds each position.

    Only headers are read. Where units overlap, it is the one whose primary region holds the
    position (`Survey.is_primary`), else the first.

    Parameters
    ----------
    ra, dec
        Positions in degrees, `[n]`.
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    survey
        Survey of the frames.

    Returns
    -------
    numpy.ndarray
        Place of each position's unit among `units`, -1 where no frame holds it, `[n]`.

    Raises
    ------
    SurveyError
        If a frame is broken.
    """
    band = survey.band_names.index(survey.detection_band)
    towards = _make_vectors(ra, dec)
    place = np.full(len(ra), -1, dtype=np.int64)
    settled = np.zeros(len(ra), dtype=np.bool_)
    for number, (unit, root) in enumerate(units.items()):
        frame = survey.open_unit(root, unit, _need_no_rows, mask_missing=True)[band]
        near = np.flatnonzero(~settled & _is_near(frame, towards))
        x, y = frame.pixel(ra[near], dec[near])
        held = frame.contains(x, y)
        rows, x, y = near[held], x[held], y[held]
        primary = _is_primary(frame, ra[rows], dec[rows], x, y, survey)
        place[rows[primary | (place[rows] < 0)]] = number
        settled[rows[primary]] = True
    return place


def _need_no_rows(_wcs: WCS, _shape: tuple[int, int]) -> int:
    """Need no pixels of a frame, only its header."""
    return 0


def _make_vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the unit vectors of positions, `[n, 3]`."""
    east, north = np.radians(ra), np.radians(dec)
    ring = np.cos(north)
    return np.stack([ring * np.cos(east), ring * np.sin(east), np.sin(north)], axis=-1)


def _is_near(frame: Frame, towards: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the positions on or about a frame, `[n]`."""
    rows, columns = frame.shape
    x = (columns - 1) * np.array([0.5, 0.0, 1.0, 0.0, 1.0])
    y = (rows - 1) * np.array([0.5, 0.0, 0.0, 1.0, 1.0])
    centre, *corners = _make_vectors(*frame.wcs.all_pix2world(x, y, 0))
    radius = _MARGIN * np.arccos(np.min(np.stack(corners) @ centre))
    near: NDArray[np.bool_] = towards @ centre >= np.cos(radius)
    return near


def _is_primary(
    frame: Frame,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    survey: Survey,
) -> NDArray[np.bool_]:
    """Mark the positions in the primary region of a frame's unit, `[n]`."""
    if survey.is_primary is None:
        return np.ones(len(x), dtype=np.bool_)
    return survey.is_primary(frame, pd.DataFrame({"ra": ra, "dec": dec, "x": x, "y": y}))
