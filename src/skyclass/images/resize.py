"""Crop and resize batches of images."""

from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from skyclass.errors import ImageError

__all__ = ["bilinear", "centre_crop", "check_crop", "grey_levels", "lanczos"]

_LOBES: Final = 3


def check_crop(side: int, size: int) -> None:
    """Check that a crop lies in the middle of a cutout.

    Parameters
    ----------
    side, size
        Pixels a side of the cutout and of the crop.

    Raises
    ------
    ImageError
        If the crop is larger than the cutout, or off its centre.
    """
    if size > side or (side - size) % 2:
        raise ImageError(
            f"a crop of {size} pixels does not lie in the middle of a cutout of {side};"
            f" choose an {'odd' if side % 2 else 'even'} size up to {side}"
        )


def centre_crop(images: Tensor, size: int) -> Tensor:
    """Crop images to their central square.

    Parameters
    ----------
    images
        `[n, band, y, x]`, square.
    size
        Pixels a side; even or odd as the images are, so that the centre stays the centre.

    Returns
    -------
    torch.Tensor
        `[n, band, size, size]`.

    Raises
    ------
    ImageError
        If the crop is larger than the images, or off their centre.
    """
    side = images.shape[-1]
    check_crop(side, size)
    start = (side - size) // 2
    return images[..., start : start + size, start : start + size]


def lanczos(images: Tensor, height: int, width: int, *, levels: bool = False) -> Tensor:
    """Resize with the Lanczos filter, equal to Pillow's within rounding.

    Parameters
    ----------
    images
        `[n, channel, y, x]`.
    height, width
        Pixels of the result. If it is smaller, the filter is stretched, as in Pillow.
    levels
        Whether the images are grey levels divided by 255; they are then rounded and clipped after
        either pass, as Pillow does with 8-bit images.

    Returns
    -------
    torch.Tensor
        `[n, channel, height, width]`.
    """
    columns = _make_lanczos_matrix(images.shape[-1], width).to(images)
    rows = _make_lanczos_matrix(images.shape[-2], height).to(images)
    wide = images @ columns.T
    if not levels:
        return rows @ wide
    return grey_levels(rows @ grey_levels(wide))


def bilinear(images: Tensor, height: int, width: int) -> Tensor:
    """Resize by bilinear interpolation, the fastest way.

    Parameters
    ----------
    images
        `[n, channel, y, x]`.
    height, width
        Pixels of the result.

    Returns
    -------
    torch.Tensor
        `[n, channel, height, width]`.
    """
    smaller = height < images.shape[-2] or width < images.shape[-1]
    return functional.interpolate(
        images, (height, width), mode="bilinear", align_corners=False, antialias=smaller
    )


def grey_levels(images: Tensor) -> Tensor:
    """Round images to the nearest of the grey levels 0, 1, ... 255, divided by 255.

    Parameters
    ----------
    images
        Any shape; values outside 0 to 1 are clipped.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    return (images * 255 + 0.5).floor().clamp(0, 255) / 255


@cache
def _make_lanczos_matrix(before: int, after: int) -> Tensor:
    """Compute the weights of every old pixel in every new one, `[after, before]`."""
    scale = before / after
    stretch = max(scale, 1.0)
    centres = (np.arange(after)[:, None] + 0.5) * scale
    distance = (np.arange(before)[None] + 0.5 - centres) / stretch
    weights = np.sinc(distance) * np.sinc(distance / _LOBES) * (np.abs(distance) < _LOBES)
    weights /= weights.sum(axis=1, keepdims=True)
    return torch.tensor(weights, dtype=torch.float32)
