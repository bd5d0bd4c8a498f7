"""Cut small images around objects, each band from its own pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyclass.images.frame import Frame

__all__ = ["Cutouts", "cut_field", "cut_image"]


@dataclass(frozen=True)
class Cutouts:
    """Calibrated images around objects of one field."""

    flux: NDArray[np.float32]
    """Nanomaggies, `[n, band, y, x]`; zero (the sky) outside the frame."""
    mask: NDArray[np.bool_]
    """True outside the frame, `[n, band, y, x]`."""
    offset: NDArray[np.float32]
    """Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`."""
    inside: NDArray[np.bool_]
    """Whether the object lies on the frame in every band, `[n]`."""


def cut_field(
    frames: Sequence[Frame], ra: NDArray[np.float64], dec: NDArray[np.float64], size: int
) -> Cutouts:
    """Cut every object of a field in all bands.

    Parameters
    ----------
    frames
        Bands of one field.
    ra, dec
        Positions in degrees, `[n]`.
    size
        Pixels a side.

    Returns
    -------
    Cutouts
        Of `n` objects, bands in the order of `frames`.
    """
    shape = (len(ra), len(frames), size, size)
    flux = np.zeros(shape, dtype=np.float32)
    mask = np.zeros(shape, dtype=np.bool_)
    offset = np.zeros((*shape[:2], 2), dtype=np.float32)
    inside = np.ones(len(ra), dtype=np.bool_)
    for band, frame in enumerate(frames):
        x, y = frame.pixel(ra, dec)
        flux[:, band], mask[:, band] = cut_image(frame.data, x, y, size)
        offset[:, band] = np.stack([_offset(y, size), _offset(x, size)], axis=1)
        rows, columns = frame.data.shape
        inside &= (y >= -0.5) & (y < rows - 0.5) & (x >= -0.5) & (x < columns - 0.5)
    return Cutouts(flux, mask, offset, inside)


def cut_image(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut squares from one image; what lies outside is zero and masked.

    Parameters
    ----------
    image
        `[y, x]`.
    x, y
        Zero-based pixel positions of the objects, `[n]`.
    size
        Pixels a side. A cutout begins at ``ceil(x - size / 2)``, as that of
        `astropy.nddata.Cutout2D`.

    Returns
    -------
    pixels
        `[n, size, size]`.
    mask
        True outside the image, `[n, size, size]`.
    """
    pixels = np.zeros((len(x), size, size), dtype=image.dtype)
    mask = np.ones((len(x), size, size), dtype=np.bool_)
    rows, columns = image.shape
    for i, (x0, y0) in enumerate(zip(_start(x, size), _start(y, size), strict=True)):
        top, bottom = max(y0, 0), min(y0 + size, rows)
        left, right = max(x0, 0), min(x0 + size, columns)
        if top < bottom and left < right:
            window = np.s_[i, top - y0 : bottom - y0, left - x0 : right - x0]
            pixels[window] = image[top:bottom, left:right]
            mask[window] = False
    return pixels, mask


def _start(position: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """Give the first pixel of a cutout along one axis."""
    return np.ceil(position - size / 2).astype(np.int64)


def _offset(position: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Give an object's distance from its cutout's centre along one axis, within half a pixel."""
    return position - _start(position, size) - (size - 1) / 2
