"""Find the unit of files that holds a position, from the world coordinates of the frames."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import ImageError, SkyclassError, SurveyError
from skyclass.frames.frame import Frame
from skyclass.surveys.survey import Survey, Unit

__all__ = ["find_covering", "locate_positions"]

_MARGIN = 1.1
"""Times the distance from a frame's centre to its farthest corner within which positions are
converted to its pixels: far from a frame, its world coordinates mean nothing."""

_log = logging.getLogger(__name__)


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
        If no frame can be read; those that cannot are named in warnings.
    """
    towards = _make_vectors(ra, dec)
    place = np.full(len(ra), -1, dtype=np.int64)
    settled = np.zeros(len(ra), dtype=np.bool_)
    numbers = {unit: number for number, unit in enumerate(units)}
    for unit, frame in _open_headers(units, survey):
        number = numbers[unit]
        near = np.flatnonzero(~settled & _is_near(frame, towards))
        x, y = frame.pixel(ra[near], dec[near])
        held = frame.contains(x, y)
        rows, x, y = near[held], x[held], y[held]
        primary = _is_primary(frame, ra[rows], dec[rows], x, y, survey)
        place[rows[primary | (place[rows] < 0)]] = number
        settled[rows[primary]] = True
    return place


def find_covering(
    ra: float, dec: float, radius: float, units: Mapping[Unit, Path], survey: Survey
) -> dict[Unit, Path]:
    """Find the units of files whose frame in the detection band reaches into a circle.

    Parameters
    ----------
    ra, dec
        Its centre in degrees.
    radius
        Arcmin.
    units, survey
        As `locate_positions` takes them.

    Returns
    -------
    dict
        The units of `units` that reach into it.

    Raises
    ------
    SurveyError
        If no frame can be read; those that cannot are named in warnings.
    """
    margin = 60 * radius / survey.pixel_scale
    centre = np.array([ra]), np.array([dec])
    covering = {}
    for unit, frame in _open_headers(units, survey):
        if not _is_near(frame, _make_vectors(*centre), np.radians(radius / 60)).all():
            continue
        x, y = (values.item() for values in frame.pixel(*centre))
        rows, columns = frame.shape
        if -margin <= x <= columns - 1 + margin and -margin <= y <= rows - 1 + margin:
            covering[unit] = units[unit]
    return covering


def _open_headers(units: Mapping[Unit, Path], survey: Survey) -> Iterator[tuple[Unit, Frame]]:
    """Open the frames of units in the detection band, without pixels."""
    band = survey.band_names.index(survey.detection_band)
    broken: SkyclassError | None = None
    readable = False
    for unit, root in units.items():
        try:
            frames = survey.open_unit(root, unit, _need_no_rows, mask_missing=True)
        except (SurveyError, ImageError) as error:
            _log.warning("%s cannot hold any position: %s", unit, error)
            broken = error
            continue
        readable = True
        yield unit, frames[band]
    if broken is not None and not readable:
        raise broken


def _need_no_rows(_wcs: WCS, _shape: tuple[int, int]) -> int:
    """Need no pixels of a frame, only its header."""
    return 0


def _make_vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the unit vectors of positions, `[n, 3]`."""
    east, north = np.radians(ra), np.radians(dec)
    ring = np.cos(north)
    return np.stack([ring * np.cos(east), ring * np.sin(east), np.sin(north)], axis=-1)


def _is_near(frame: Frame, towards: NDArray[np.float64], beyond: float = 0.0) -> NDArray[np.bool_]:
    """Mark the positions on or about a frame, or at most so many radians from there, `[n]`."""
    rows, columns = frame.shape
    x = (columns - 1) * np.array([0.5, 0.0, 1.0, 0.0, 1.0])
    y = (rows - 1) * np.array([0.5, 0.0, 0.0, 1.0, 1.0])
    centre, *corners = _make_vectors(*frame.wcs.all_pix2world(x, y, 0))
    radius = _MARGIN * np.arccos(np.min(np.stack(corners) @ centre))
    near: NDArray[np.bool_] = towards @ centre >= np.cos(min(radius + beyond, np.pi))
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
