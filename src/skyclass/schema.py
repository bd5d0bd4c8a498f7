"""Names of catalogue columns, splits and bands that skyclass gives a meaning to."""

from collections.abc import Iterable
from typing import Final

__all__ = [
    "COLOURS",
    "DEFAULT_SURVEY",
    "EXTINCTION",
    "HUB_SCHEME",
    "IDS",
    "MODEL_MAGNITUDE",
    "OTHER_COLUMNS",
    "POSITION",
    "PSF_MAGNITUDE",
    "PSF_WIDTH",
    "SPECTRUM",
    "SPLITS",
    "TOTAL_MAGNITUDE",
    "name_columns",
]

COLOURS: Final = ("red", "green", "blue")
"""Names along the band axis of ready-made pictures (grey levels 0 to 255)."""

DEFAULT_SURVEY: Final = "sdss"
"""Survey of a catalogue, of frames or of cutouts where none is named."""

HUB_SCHEME: Final = "hf://"
"""Beginning of the name of a model on the Hugging Face Hub, before ``owner/name``."""

SPLITS: Final = ("train", "validation", "test", "calibration")
"""Values of the column `split`; the last is made only where it is asked for."""

IDS: Final = ("objid", "specobjid")
"""64-bit identities, kept as unsigned integers."""

POSITION: Final = ("ra", "dec")
"""Equatorial coordinates (ICRS) in degrees."""

SPECTRUM: Final = ("plate", "mjd", "fiberID")
"""Which spectrum a class was read from."""

PSF_MAGNITUDE: Final = "psfMag"
"""PSF magnitude of a band (AB; asinh where the survey has a softening)."""

MODEL_MAGNITUDE: Final = "modelMag"
"""Model magnitude of a band (AB); tables also call it by the band alone, such as `r`."""

TOTAL_MAGNITUDE: Final = "cModelMag"
"""Magnitude of the whole of an extended object in a band (AB)."""

EXTINCTION: Final = "extinction"
"""Galactic extinction of a band in magnitudes."""

PSF_WIDTH: Final = "psfWidth"
"""Effective width of the point-spread function of a band in arcsec."""

OTHER_COLUMNS: Final = (
    "class",
    "subclass",
    "redshift",
    "mode",
    "clean",
    "sciencePrimary",
    "brick_primary",
    "zWarning",
    "snMedian",
)
"""Further columns matched whatever their case in the file."""


def name_columns(quantity: str, bands: Iterable[str]) -> tuple[str, ...]:
    """Build the names of a quantity's columns.

    Parameters
    ----------
    quantity
        Such as `PSF_MAGNITUDE`.
    bands
        Names of bands.

    Returns
    -------
    tuple of str
        One a band.

    Examples
    --------
    >>> name_columns(PSF_MAGNITUDE, "gr")
    ('psfMag_g', 'psfMag_r')
    """
    return tuple(f"{quantity}_{band}" for band in bands)
