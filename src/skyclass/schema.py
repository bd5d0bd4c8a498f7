"""Names of the catalogue columns that skyclass gives a meaning to."""

from typing import Final

__all__ = [
    "BANDS",
    "EXTINCTIONS",
    "FRAME_KEYS",
    "IDS",
    "KNOWN",
    "MAGNITUDES",
    "MODEL_MAGNITUDES",
    "POSITION",
    "PSF_WIDTHS",
    "SPECTRUM",
    "SPLITS",
    "ZERO_FLUX",
]

SPLITS: Final = ("train", "validation", "test", "calibration")
"""Values of the column `split`; the last is made only where it is asked for."""

BANDS: Final = "ugriz"
"""Bands of the magnitude columns."""

IDS: Final = ("objid", "specobjid")
"""64-bit identities, kept as unsigned integers."""

POSITION: Final = ("ra", "dec")
"""Equatorial coordinates (ICRS) in degrees."""

FRAME_KEYS: Final = ("rerun", "run", "camcol", "field")
"""Which field an object lies in."""

SPECTRUM: Final = ("plate", "mjd", "fiberID")
"""Which spectrum a class was read from."""

MAGNITUDES: Final = tuple(f"psfMag_{band}" for band in BANDS)
"""PSF magnitudes (asinh, AB)."""

MODEL_MAGNITUDES: Final = tuple(f"modelMag_{band}" for band in BANDS)
"""Model magnitudes (asinh, AB); SDSS's own tables also call them u g r i z."""

EXTINCTIONS: Final = tuple(f"extinction_{band}" for band in BANDS)
"""Galactic extinction in magnitudes (SFD)."""

PSF_WIDTHS: Final = tuple(f"psfWidth_{band}" for band in BANDS)
"""Effective width of the point-spread function in arcsec (table `Field` of SDSS)."""

ZERO_FLUX: Final = dict(zip(BANDS, (24.63, 25.11, 24.80, 24.36, 22.83), strict=True))
"""Asinh magnitude of zero flux in each band (Stoughton et al. 2002, AJ 123, 485, table 21): a
catalogue magnitude at or fainter than it is no detection."""

KNOWN: Final = (
    *IDS,
    *POSITION,
    *FRAME_KEYS,
    *SPECTRUM,
    *MAGNITUDES,
    *MODEL_MAGNITUDES,
    *EXTINCTIONS,
    *PSF_WIDTHS,
    "cModelMag_r",
    "class",
    "subclass",
    "redshift",
    "mode",
    "clean",
    "sciencePrimary",
    "zWarning",
    "snMedian",
)
"""Columns matched whatever their case in the file."""
