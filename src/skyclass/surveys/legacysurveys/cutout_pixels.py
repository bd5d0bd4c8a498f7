"""The content of a Legacy Surveys cutout: which pixels of which band are an image."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import SurveyError
from skyclass.frames.simulated import is_simulated
from skyclass.transfer.integrity import CARD_ERRORS, read_fits_headers

__all__ = ["BANDS", "SATURATED", "CutoutPixels", "decode_cutout", "mask_pixels"]

BANDS: Final = "griz"
"""Bands in the order of wavelength."""

SATURATED: Final = 10.0
"""Nanomaggies of a stack's pixel that was saturated in every exposure (``satur_val`` in
https://github.com/legacysurvey/legacypipe, py/legacypipe/coadds.py); its inverse variance is 0."""

_NEAR_SATURATED: Final = 0.9 * SATURATED
"""Least value of such a pixel: the cutout service interpolates between those of a stack."""

_ABOVE: Final = 1.01
"""Times the brightest unsaturated pixel from which a band counts as saturated."""


@dataclass(frozen=True, eq=False)
class CutoutPixels:
    """The bands of one cutout."""

    bands: str
    """Bands of the file, with an image or without."""
    images: dict[str, NDArray[np.float32]]
    """Nanomaggies, `[y, x]`, of each band that has an image; as `mask_pixels` returns them."""
    saturation: dict[str, float]
    """Level of each of these bands, in nanomaggies."""
    plane: fits.Header
    """Header of one band's image."""
    simulated: bool
    """Whether it is marked as simulated."""


def decode_cutout(content: bytes) -> CutoutPixels:
    """Decode a cutout as the viewer's service gives it.

    Parameters
    ----------
    content
        The whole FITS file: an image `[band, y, x]` of the bands that the card BANDS names, or
        `[y, x]` of a single one, and after it their inverse variance where that was asked for.

    Returns
    -------
    CutoutPixels
        Bands without an image are left out of `images`.

    Raises
    ------
    SurveyError
        Where it is not such a file; the message continues a sentence that begins with the path.
    """
    read_fits_headers(content)
    try:
        with fits.open(io.BytesIO(content)) as units:
            bands = _read_bands(units[0].header)
            cube = _shape_cube(units[0].data, bands)
            inverse = [u for u in units[1:] if str(u.header.get("IMAGETYP", "")) == "INVVAR"]
            weights = _shape_cube(inverse[0].data, bands) if inverse else np.ones_like(cube)
            plane = units[0].header.copy()
            plane["NAXIS"] = 2
            plane.remove("NAXIS3", ignore_missing=True)
            simulated = is_simulated(plane.get("HISTORY", ()))
    # a header that astropy cannot use leaves an HDU without data
    except (OSError, AttributeError, *CARD_ERRORS) as error:
        reason = " ".join(str(error).split())
        raise SurveyError(f"is not a Legacy Surveys cutout: {reason:.200}") from error
    if weights.shape != cube.shape:
        raise SurveyError(f"has an image {cube.shape} with an inverse variance {weights.shape}")
    images, saturation = {}, {}
    for band, image, weight in zip(bands, cube, weights, strict=True):
        masked, level = mask_pixels(image, weight)
        if np.isfinite(masked).any():
            images[band], saturation[band] = masked, level
    return CutoutPixels(bands, images, saturation, plane, simulated)


def _read_bands(header: fits.Header) -> str:
    """Read which bands a cutout has."""
    bands = str(header["BANDS"]).strip()
    if not bands or not set(bands) <= set(BANDS) or len(set(bands)) != len(bands):
        raise SurveyError(f"has the bands {bands[:8]!r}, not some of {BANDS}")
    return bands


def _shape_cube(data: object, bands: str) -> NDArray[np.float32]:
    """Bring an image of one band or several into the form `[band, y, x]`."""
    cube = np.asarray(data, dtype=np.float32)
    if cube.ndim == 2:
        cube = cube[None]
    if cube.ndim != 3 or len(cube) != len(bands):
        raise ValueError(f"its image has the shape {cube.shape} for the bands {bands}")
    return cube


def mask_pixels(
    image: NDArray[np.float32], weight: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    """Mask the pixels of a band without a measurement, and raise the saturated ones above all.

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`; 0 where no exposure shows a pixel.
    weight
        Their inverse variance, of the same shape; not above 0 where a pixel is masked.

    Returns
    -------
    masked
        Image with NaN where there is no measurement. Stacks hold `SATURATED` in saturated pixels,
        which unsaturated ones may exceed: here these hold more than any other.
    saturation
        Level between both; infinite where none is saturated.
    """
    weightless = ~(weight > 0.0)
    saturated = weightless & (image >= _NEAR_SATURATED)
    unknown = (weightless | (image == 0.0) | ~np.isfinite(image)) & ~saturated
    masked = np.where(unknown, np.float32(np.nan), image)
    if not saturated.any():
        return masked, np.inf
    brightest = np.nanmax(masked, initial=SATURATED, where=~saturated)
    level = _ABOVE * float(brightest)
    masked[saturated] = _ABOVE * level
    return masked, level
