"""Convert tables and positions of astropy, with the units of their columns."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from skyclass.schema import POSITION

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

__all__ = ["convert_coordinates", "convert_table"]

_HOURS: Final = {"h", "hr", "hour", "hours", "hourangle", "h:m:s", "hms"}
_RADIANS: Final = {"rad", "radian", "radians"}


def convert_table(table: "Table") -> tuple[pd.DataFrame, dict[str, str]]:
    """Convert a table of astropy (`Table`, `QTable`): its one-dimensional columns.

    Parameters
    ----------
    table
        A column of `SkyCoord` named ``position`` becomes ``position.ra`` and ``position.dec``
        (ICRS, degrees).

    Returns
    -------
    frame : pandas.DataFrame
        Its rows.
    units : dict
        ``deg``, ``hour`` or ``rad`` for the columns whose unit it is.

    Examples
    --------
    >>> from astropy import units as u
    >>> from astropy.table import QTable
    >>> frame, units = convert_table(QTable({"ra": [14.2] * u.hourangle, "dec": [19.9] * u.deg}))
    >>> units
    {'ra': 'hour', 'dec': 'deg'}
    """
    from astropy.coordinates import SkyCoord

    table = table.copy(copy_data=False)
    for name in list(table.colnames):
        column = table[name]
        if isinstance(column, SkyCoord):
            if column.ndim == 1:
                place = table.colnames.index(name)
                for step, (part, values) in enumerate(_split_coordinates(column).items()):
                    table.add_column(values, index=place + step, name=f"{name}.{part}")
                    table[f"{name}.{part}"].unit = "deg"
            table.remove_column(name)
    flat = table[[name for name in table.colnames if table[name].ndim == 1]]
    units = {name: unit for name in flat.colnames if (unit := _name_unit(flat[name]))}
    flat.convert_bytestring_to_unicode()
    frame: pd.DataFrame = flat.to_pandas()
    return frame, units


def convert_coordinates(positions: "SkyCoord") -> pd.DataFrame:
    """Convert positions of astropy to a table.

    Parameters
    ----------
    positions
        One, or `n`, in any frame.

    Returns
    -------
    pandas.DataFrame
        `ra` and `dec` (ICRS, degrees), `n` rows.

    Examples
    --------
    >>> from astropy.coordinates import SkyCoord
    >>> convert_coordinates(SkyCoord("14:16:16.8 +19:54:00", unit=("hour", "deg"))).round(6)
           ra   dec
    0  214.07  19.9
    """
    return pd.DataFrame(_split_coordinates(positions.reshape(-1)))


def _split_coordinates(positions: "SkyCoord") -> dict[str, Any]:
    """Split positions into degrees of ICRS."""
    icrs = positions.icrs
    return {name: np.asarray(getattr(icrs, name).deg) for name in POSITION}


def _name_unit(column: Any) -> str:
    """Name the unit of a column, if it is one of angles."""
    unit = str(getattr(column, "unit", None) or "").strip("\"' ").lower()
    if unit in _HOURS:
        return "hour"
    if unit in _RADIANS:
        return "rad"
    # others, such as mas, are named as they are, so that none is taken for degrees
    is_angle = getattr(getattr(column, "unit", None), "physical_type", None) == "angle"
    return unit if is_angle else ""
