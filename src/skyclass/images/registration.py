"""Bring the bands of cutouts onto one grid: the object at the same place in all of them."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["REGISTRATIONS", "shift"]

REGISTRATIONS: Final = ("shift", "none")
"""Ways to register bands: moved by a fraction of a pixel, or left as they are."""

_LOBES: Final = 3
"""Half-width of the kernel in pixels.

Of the kernels tried on real fields (`benchmarks/registration.py`), cubic, Lanczos-3, Lanczos-4 and
Fourier find the same centroids and keep the flux; Lanczos-3 keeps more of the pixel noise than the
cubic and, unlike Fourier, carries nothing across the edge.
"""

_CHUNK: Final = 64
"""Cutouts moved at once on a processor: what fits in its cache."""


def shift(images: Tensor, offset: Tensor) -> Tensor:
    """Move every band of every cutout so that its object lies at the centre.

    A separable Lanczos-3 kernel whose weights add up to one, so that flux is kept; outside the
    cutout is the sky, zero.

    Parameters
    ----------
    images
        Nanomaggies, `[n, band, y, x]`.
    offset
        Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`, each within half
        a pixel.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    if images.device.type != "cpu" or len(images) <= _CHUNK:
        return _shift(images, offset)
    starts = range(0, len(images), _CHUNK)
    return torch.cat([_shift(images[i : i + _CHUNK], offset[i : i + _CHUNK]) for i in starts])


def _shift(images: Tensor, offset: Tensor) -> Tensor:
    """Convolve each image of a batch with the kernel of its own offset."""
    n, bands, height, width = images.shape
    rows, columns = _weights(offset.to(images.dtype)).unbind(2)
    kernels = rows[..., :, None] * columns[..., None, :]
    taps = kernels.shape[-1]
    moved = functional.conv2d(
        images.reshape(1, n * bands, height, width),
        kernels.reshape(n * bands, 1, taps, taps),
        padding=_LOBES,
        groups=n * bands,
    )
    return moved.reshape(images.shape)


def _weights(offset: Tensor) -> Tensor:
    """Give the kernel's weights along both axes, `[n, band, 2, tap]` (Duchon 1979)."""
    taps = torch.arange(-_LOBES, _LOBES + 1, dtype=offset.dtype, device=offset.device)
    distance = taps - offset[..., None]
    kernel = torch.sinc(distance) * torch.sinc(distance / _LOBES)
    kernel = torch.where(distance.abs() < _LOBES, kernel, 0.0)
    return kernel / kernel.sum(-1, keepdim=True)
