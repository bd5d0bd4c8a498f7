"""Parse angles: numbers in a unit, or sexagesimal text such as 14:16:16.2 and +19d54m00s."""

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ANGLE_UNITS", "parse_angles"]

ANGLE_UNITS: Final[dict[str, float]] = {"deg": 1.0, "hour": 15.0, "rad": 180.0 / np.pi}
"""Degrees of one of each; a declination has no hours."""

_SEXAGESIMAL: Final = re.compile(
    r"\s*(?P<sign>[+-]?)\s*(?P<whole>\d{1,3})\s*(?P<mark>[hHdD°:\s])\s*(?P<minutes>\d{1,2}(?:\.\d*)?)"
    r"\s*[mM'′:\s]?\s*(?P<seconds>\d{1,2}(?:\.\d*)?)?\s*(?:[sS\"″]|'')?\s*"
)


def parse_angles(
    values: "pd.Series[Any]", unit: str | None = None, *, is_longitude: bool
) -> NDArray[np.float64]:
    """Parse angles, each a number or sexagesimal text.

    Parameters
    ----------
    values
        Numbers, or text, `[n]`. Sexagesimal right ascensions are hours, unless the unit is ``deg``
        or their first part ends in ``d`` or ``°``.
    unit
        ``deg``, ``hour`` or ``rad``; degrees if not known.
    is_longitude
        Whether they are right ascensions; a declination in ``hour`` is in degrees.

    Returns
    -------
    numpy.ndarray
        Degrees, `[n]`; NaN where a value is no angle.

    Examples
    --------
    >>> import pandas as pd
    >>> parse_angles(pd.Series(["14:16:16.8", "214.07", "?"]), is_longitude=True)
    array([214.07, 214.07,    nan])
    >>> parse_angles(pd.Series(["-00 30 00", "+19d54m"]), is_longitude=False)
    array([-0.5, 19.9])
    """
    known = unit or "deg"
    scale = ANGLE_UNITS["deg" if known == "hour" and not is_longitude else known]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan) * scale
    if pd.api.types.is_numeric_dtype(values):
        return numbers
    hours = is_longitude and unit != "deg"
    others = np.flatnonzero(np.isnan(numbers))
    for row, text in zip(others, values.iloc[others], strict=True):
        numbers[row] = _parse_sexagesimal(text, hours) if isinstance(text, str) else np.nan
    return numbers


def _parse_sexagesimal(text: str, hours: bool) -> float:
    """Parse one angle, in hours unless its mark says otherwise, to degrees; NaN if it is none."""
    match = _SEXAGESIMAL.fullmatch(text)
    if match is None:
        return np.nan
    minutes, seconds = float(match["minutes"]), float(match["seconds"] or 0)
    if minutes >= 60 or seconds > 60:
        return np.nan
    hours = match["mark"] in "hH" or (hours and match["mark"] not in "dD°")
    value = int(match["whole"]) + minutes / 60 + seconds / 3600
    if value > (24 if hours else 360):
        return np.nan
    return (-value if match["sign"] == "-" else value) * (15 if hours else 1)
