"""Names of objects for use in file names."""

import re
from collections.abc import Mapping
from typing import Any

from skyclass.schema import IDS

__all__ = ["name_object"]

_ID = re.compile(r"[1-9]\d{0,19}")


def name_object(row: Mapping[str, Any]) -> str:
    """Name an object by what is exact and known of it.

    Parameters
    ----------
    row
        With `objid`, `specobjid` (digits, each may be missing), `ra` and `dec` in degrees.

    Returns
    -------
    str
        Exact `objid`, else `specobjid`, else a position name such as ``J123456.78+123456.7``
        (truncated, IAU recommendation for nomenclature, https://cds.unistra.fr/Dic/iau-spec.html).

    Examples
    --------
    >>> name_object({"objid": 1237648720693755918, "specobjid": 7})
    '1237648720693755918'
    >>> name_object({"ra": 188.7365, "dec": 12.58242})
    'J123456.76+123456.7'
    """
    for name in IDS:
        text = str(row.get(name, ""))
        if _ID.fullmatch(text):
            return text
    # the small addition keeps a value given to the last digit from falling below it
    ra = int(float(row["ra"]) * 24_000 + 1e-5) % 8_640_000
    dec = int(abs(float(row["dec"])) * 36_000 + 1e-5)
    sign = "-" if float(row["dec"]) < 0 else "+"
    return f"J{_format_sexagesimal(ra, 100)}{sign}{_format_sexagesimal(dec, 10)}"


def _format_sexagesimal(units: int, parts: int) -> str:
    """Format hours or degrees, minutes and seconds with `parts` parts a second."""
    whole, part = divmod(units, parts)
    digits = len(str(parts)) - 1
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{part:0{digits}d}"
