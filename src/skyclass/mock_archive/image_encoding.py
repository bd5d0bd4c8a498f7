"""Make pictures of fluxes, and encode them as files."""

import io
from typing import Final

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from PIL import Image

from skyclass.frames.simulated import SIMULATED
from skyclass.surveys.sdss.layout import PIXEL_SCALE

__all__ = ["encode_picture", "make_colour_picture", "make_grey_jpeg"]

_STRETCH: Final = 1.077
_Q: Final = 7.27
"""The asinh of the archive's own pictures (non-linearity 2.25 of the summed bands, Lupton et al.
2004, PASP 116, 133) in the parameters of `astropy.visualization.make_lupton_rgb`."""


def make_colour_picture(
    bands: NDArray[np.float32], weights: tuple[float, float, float], scale: float
) -> NDArray[np.uint8]:
    """Make a colour picture.

    Parameters
    ----------
    bands
        Red, green and blue image, `[3, y, x]`, nanomaggies per pixel, NaN where there is no frame;
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
    # surface brightness does not depend on the size of the pixels
    surface = np.nan_to_num(bands) * (PIXEL_SCALE / scale) ** 2
    red, green, blue = (image * weight for image, weight in zip(surface, weights, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):  # where all bands are zero
        picture = make_lupton_rgb(red, green, blue, stretch=_STRETCH, Q=_Q, output_dtype=np.uint8)
    return np.asarray(picture)[::-1]


def encode_picture(picture: NDArray[np.uint8], form: str, *, simulated: bool = False) -> bytes:
    """Encode a picture.

    Parameters
    ----------
    picture
        `[y, x, 3]` or `[y, x]`.
    form
        ``JPEG`` or ``PNG``.
    simulated
        Whether a comment in a JPEG says that the picture is simulated.

    Returns
    -------
    bytes
        Content of a file.
    """
    stream = io.BytesIO()
    comment = {"comment": f"{SIMULATED}: not an observation."} if simulated else {}
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(stream, form, quality=90, **comment)
    return stream.getvalue()


def make_grey_jpeg(width: int, height: int) -> bytes:
    """Make the empty picture that the real service sends where it has no frame.

    Parameters
    ----------
    width, height
        Pixels.

    Returns
    -------
    bytes
        JPEG.
    """
    return encode_picture(np.full((height, width), 128, dtype=np.uint8), "JPEG")
