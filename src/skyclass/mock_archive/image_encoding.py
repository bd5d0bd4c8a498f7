"""Colour and grey pictures of fluxes, as files."""

import io
from typing import Final

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image

from skyclass.frames.simulated import SIMULATED

__all__ = ["colour", "encoded", "grey_jpeg"]

_STRETCH: Final = 1.077
_Q: Final = 7.27
"""The asinh of the archive's own pictures (non-linearity 2.25 of the summed bands, Lupton et al.
2004, PASP 116, 133) in the parameters of `astropy.visualization.make_lupton_rgb`."""

_PIXEL: Final = 0.396


def colour(
    bands: NDArray[np.float32], weights: tuple[float, float, float], scale: float
) -> NDArray[np.uint8]:
    """Make a colour picture.

    Parameters
    ----------
    bands
        Red, green and blue image, `[3, y, x]`, nanomaggies in each pixel, NaN where there is none;
        the southern row first.
    weights
        Factors of the three bands.
    scale
        Arcsec per pixel.

    Returns
    -------
    numpy.ndarray
        `[y, x, 3]`, the northern row first; black where there is no frame.
    """
    # the brightness of a surface does not depend on the size of the pixels
    surface = np.nan_to_num(bands) * (_PIXEL / scale) ** 2
    red, green, blue = (image * weight for image, weight in zip(surface, weights, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):  # where all bands are zero
        picture = make_lupton_rgb(red, green, blue, stretch=_STRETCH, Q=_Q, output_dtype=np.uint8)
    return np.asarray(picture)[::-1]


def encoded(picture: NDArray[np.uint8], form: str, *, simulated: bool = False) -> bytes:
    """Encode a picture.

    Parameters
    ----------
    picture
        `[y, x, 3]` or `[y, x]`.
    form
        ``JPEG`` or ``PNG``.
    simulated
        Whether a comment in a JPEG is to say so.

    Returns
    -------
    bytes
        Contents of a file.
    """
    stream = io.BytesIO()
    comment = {"comment": f"{SIMULATED}: not an observation."} if simulated else {}
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(stream, form, quality=90, **comment)
    return stream.getvalue()


def grey_jpeg(width: int, height: int) -> bytes:
    """Give an empty picture, such as the real service sends where it has none.

    Parameters
    ----------
    width, height
        Pixels.

    Returns
    -------
    bytes
        JPEG.
    """
    return encoded(np.full((height, width), 128, dtype=np.uint8), "JPEG")
