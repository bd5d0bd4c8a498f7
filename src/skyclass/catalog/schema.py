"""Names of the catalogue columns that skyclass gives a meaning to."""

from typing import Final

__all__ = ["FRAME_KEYS", "IDS", "KNOWN", "MAGNITUDES", "POSITION"]

IDS: Final = ("objid", "specobjid")
"""64-bit identities, kept as strings of their exact digits."""

POSITION: Final = ("ra", "dec")
"""Equatorial coordinates (ICRS) in degrees."""

FRAME_KEYS: Final = ("rerun", "run", "camcol", "field")
"""Which field an object lies in."""

MAGNITUDES: Final = tuple(f"psfMag_{band}" for band in "ugriz")
"""PSF magnitudes (asinh, AB)."""

KNOWN: Final = (*IDS, *POSITION, *FRAME_KEYS, *MAGNITUDES, "cModelMag_r", "class", "subclass")
"""Columns matched whatever their case in the file."""
