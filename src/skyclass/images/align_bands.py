"""Align the bands of cutouts: the object at the same place in all of them."""

from math import factorial
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from skyclass.images.chunked import apply_in_chunks

__all__ = ["REGISTRATIONS", "align_bands"]

REGISTRATIONS: Final = ("shift", "none")
"""Ways to register bands: shifted by a fraction of a pixel, or left as they are."""

_REACH: Final = 3
"""Half-width of the kernel in pixels."""

_BETA: Final = 5.0
"""Shape of the kernel's window (Kaiser & Schafer 1980, IEEE TASSP 28, 105).

Shifted stars of the survey's seeing (standard deviation 1.5 pixels) are accurate to 0.3 % of their
peak and 0.01 pixel; a Lanczos window of the same width leaves 0.7 % and 0.02 pixel.
"""

_BESSEL: Final = tuple((_BETA / 2) ** (2 * k) / factorial(k) ** 2 for k in range(17))
"""Coefficients of the Bessel function I0(beta sqrt(u)) in powers of u (DLMF 10.25.2)."""


def align_bands(images: Tensor, offset: Tensor) -> Tensor:
    """Shift every band of every cutout so that its object lies at the centre.

    The kernel is a separable sinc in a Kaiser window; its weights add up to one, so flux is
    conserved. Pixels outside the cutout count as sky, zero.

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
    rows, columns = _compute_weights(offset.to(images.dtype)).unbind(2)
    return apply_in_chunks(_convolve, images, rows, columns)


def _convolve(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Convolve each image of a batch with its own weights along both axes, `[n, band, tap]`."""
    return _convolve_axis(_convolve_axis(images, rows, -2), columns, -1)


def _convolve_axis(images: Tensor, weights: Tensor, axis: int) -> Tensor:
    """Convolve along one axis by adding up weighted shifts.

    A convolution with as many groups as there are images is not faster, and cannot be exported for
    batches of any size.
    """
    margin = (0, 0, _REACH, _REACH) if axis == -2 else (_REACH, _REACH)
    padded = functional.pad(images, margin)
    size = images.shape[axis]
    first, *others = weights[..., None, None].unbind(2)
    shifted = padded.narrow(axis, 0, size) * first
    for tap, weight in enumerate(others, 1):
        shifted.addcmul_(padded.narrow(axis, tap, size), weight)
    return shifted


def _compute_weights(offset: Tensor) -> Tensor:
    """Compute the kernel's weights along both axes, `[n, band, 2, tap]`."""
    taps = torch.arange(-_REACH, _REACH + 1, dtype=offset.dtype, device=offset.device)
    distance = taps - offset[..., None]
    inside = 1 - (distance / _REACH) ** 2
    window = _compute_window(inside.clamp_min(0)) * (inside > 0)
    kernel = torch.sinc(distance) * window
    weights: Tensor = kernel / kernel.sum(-1, keepdim=True)
    return weights


def _compute_window(inside: Tensor) -> Tensor:
    """Compute the Kaiser window, I0(beta sqrt(inside)), from 0 to 1 with an accuracy of 1e-14.

    torch's own I0 cannot be exported (`skyclass.models.export_onnx`).
    """
    powers = torch.arange(len(_BESSEL), dtype=inside.dtype, device=inside.device)
    coefficients = torch.tensor(_BESSEL, dtype=inside.dtype, device=inside.device)
    return (inside[..., None] ** powers * coefficients).sum(-1)
