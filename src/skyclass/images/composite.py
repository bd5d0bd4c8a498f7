"""Draw the frames of a field as one colour picture, without PyTorch."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skyclass.errors import ImageError
from skyclass.frames.frame import Frame, convert_to_pixels

__all__ = ["choose_composite_bands", "draw_composite"]

_STRETCH: Final = 0.5  # nanomaggies; as of the image type lupton:irg
_SOFTENING: Final = 8.0
_GRID: Final = 9  # points a side, at which world coordinates are compared


def choose_composite_bands(bands: Sequence[str]) -> str:
    """Choose the bands that a colour picture shows as red, green and blue.

    Parameters
    ----------
    bands
        Names of bands in the order of wavelength, at least one.

    Returns
    -------
    str
        ``irg`` where all three exist, else the last, middle and first band.

    Examples
    --------
    >>> choose_composite_bands("griz")
    'irg'
    >>> choose_composite_bands(("J", "H", "K"))
    'KHJ'
    """
    last = len(bands) - 1
    return "irg" if set("irg") <= set(bands) else f"{bands[last]}{bands[last // 2]}{bands[0]}"


def draw_composite(frames: Sequence[Frame], reference: Frame) -> NDArray[np.uint8]:
    """Draw frames as a Lupton composite on the pixels of one of them.

    Parameters
    ----------
    frames
        Bands of one unit in the order of wavelength; those without pixels are left out.
    reference
        The frame on whose pixels the others are shown.

    Returns
    -------
    numpy.ndarray
        `[y, x, 3]` of the whole reference frame, y growing upwards.

    Raises
    ------
    ImageError
        If no frame has pixels.
    """
    from astropy.visualization import make_lupton_rgb  # takes most of a second

    there = {frame.band: frame for frame in frames if len(frame.data)}
    if not there:
        raise ImageError("there is no frame with pixels to draw")
    shown = [_align(there[band], reference) for band in choose_composite_bands(tuple(there))]
    with np.errstate(divide="ignore", invalid="ignore"):  # an empty sky is divided by its zero
        picture: NDArray[np.uint8] = make_lupton_rgb(*shown, stretch=_STRETCH, Q=_SOFTENING)
    return picture


def _align(frame: Frame, reference: Frame) -> NDArray[np.float32]:
    """Resample a frame onto the pixels of another; an affine map is exact to a tenth of a pixel."""
    data = np.nan_to_num(frame.data, nan=0.0, posinf=0.0, neginf=0.0)
    rows, columns = reference.shape
    if frame is reference and data.shape == reference.shape:
        return data
    y, x = (
        values.ravel()
        for values in np.meshgrid(
            np.linspace(0, rows - 1, _GRID), np.linspace(0, columns - 1, _GRID), indexing="ij"
        )
    )
    there = np.stack(convert_to_pixels(frame.wcs, *reference.wcs.all_pix2world(x, y, 0)), axis=1)
    # Pillow counts from the corner of the first pixel
    here = np.stack([x + 0.5, y + 0.5, np.ones_like(x)], axis=1)
    matrix = np.linalg.lstsq(here, there + 0.5, rcond=None)[0].T
    moved = Image.fromarray(data).transform(
        (columns, rows),
        Image.Transform.AFFINE,
        tuple(matrix.ravel().tolist()),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(moved)
