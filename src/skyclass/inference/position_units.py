"""Refuse positions in hours or radians that a table calls degrees, or does not call anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.parse_angles import ANGLE_UNITS
from skyclass.errors import InferenceError
from skyclass.schema import POSITION
from skyclass.surveys.locate import locate_positions
from skyclass.surveys.survey import Survey, Unit

__all__ = ["check_degrees"]

_SAMPLE: Final = 200
"""Positions that are looked for on the frames."""

_WIDE: Final = 20
"""Positions from which the range that they fill tells the unit."""


def check_degrees(table: pd.DataFrame, units: Mapping[Unit, Path], survey: Survey) -> None:
    """Raise if positions make sense in hours or radians, and none in degrees.

    Only headers of frames are read, and only where all values are small enough.

    Parameters
    ----------
    table
        With `ra` and `dec`.
    units
        Units of files that should hold them, with the directories of their frames.
    survey
        Survey of the frames.

    Raises
    ------
    InferenceError
        If no position lies on a frame as it stands, and one does in hours or radians; or if the
        positions fill the whole range of one of these units and nothing more.
    """
    ra, dec = (table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION)
    valid = np.isfinite(ra) & (np.abs(dec) <= 90)
    ra, dec = ra[valid], dec[valid]
    readings = _list_readings(ra, dec)
    if len(ra) == 0 or len(readings) == 1:
        return
    rows = np.unique(np.linspace(0, len(ra) - 1, _SAMPLE).astype(int))
    for unit, (right, up) in readings.items():
        if (locate_positions(right[rows], up[rows], units, survey) >= 0).any():
            if unit != "deg":
                _refuse(unit, "no position lies on a frame in degrees, and some do")
            return
    for unit, top in (("rad", 2 * np.pi), ("hour", 24.0)):
        wide = len(ra) >= _WIDE and ra.max() > 0.8 * top and ra.min() < 0.2 * top
        if unit in readings and wide and np.ptp(readings[unit][1]) > 20:
            _refuse(unit, f"right ascensions fill the range from 0 to {top:.4g}, as they would")


def _list_readings(
    ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """List what positions are in degrees, for each unit that their values allow."""
    readings = {"deg": (ra, dec)}
    if not ((ra >= 0) & (ra <= 24)).all():
        return readings
    readings["hour"] = (ra * ANGLE_UNITS["hour"], dec)
    if ((ra <= 2 * np.pi) & (np.abs(dec) <= np.pi / 2)).all():
        readings["rad"] = (ra * ANGLE_UNITS["rad"], dec * ANGLE_UNITS["rad"])
    return readings


def _refuse(unit: str, reason: str) -> None:
    """Raise for positions in another unit."""
    raise InferenceError(
        f"the table's positions look like {'hours' if unit == 'hour' else 'radians'}: {reason} in"
        f" that unit; state it (unit: {unit}, or deg if they are degrees)"
    )
