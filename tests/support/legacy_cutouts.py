"""Cutouts as the viewer of the Legacy Surveys writes them."""

import io

import numpy as np
from astropy.io import fits

__all__ = ["PLACE", "cutout_bytes"]

PLACE = (150.0, 2.0)
"""Right ascension and declination of a cutout's centre in degrees."""


def cutout_bytes(
    cube: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    place: tuple[float, float] = PLACE,
    bands: str = "griz",
) -> bytes:
    """Write a cutout as the viewer does (`write_cutout` in its map/views.py)."""
    side = cube.shape[-1]
    cards = {
        "BANDS": bands,
        **{f"BAND{number}": band for number, band in enumerate(bands)},
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": place[0],
        "CRVAL2": place[1],
        "CRPIX1": (side + 1) / 2,
        "CRPIX2": (side + 1) / 2,
        "CD1_1": -0.262 / 3600,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": 0.262 / 3600,
        "IMAGEW": side,
        "IMAGEH": side,
    }
    units = fits.HDUList([fits.PrimaryHDU(cube, fits.Header(cards | {"IMAGETYP": "IMAGE"}))])
    if weight is not None:
        units.append(fits.ImageHDU(weight, fits.Header(cards | {"IMAGETYP": "INVVAR"})))
    stream = io.BytesIO()
    units.writeto(stream)
    return stream.getvalue()
