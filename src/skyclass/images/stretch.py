"""Convert fluxes to grey levels and magnitudes, in batches and on any device.

Each function allocates one tensor and works in place: allocation costs more than the arithmetic.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from skyclass.photometry import NANOMAGGY, POGSON

__all__ = [
    "asinh_flux",
    "asinh_magnitude",
    "linear_grey",
    "lupton",
    "percentile_scale",
]

_EPSILON: Final = 1e-12


def percentile_scale(images: Tensor, low: float = 1.0, high: float = 99.0) -> Tensor:
    """Scale every image of every band to its own percentiles, clipped to 0-1.

    This normalisation makes all bands equally bright, so colour is lost.

    Parameters
    ----------
    images
        `[n, band, y, x]`.
    low, high
        Percentiles mapped to 0 and 1, interpolated linearly as in `numpy.percentile`.

    Returns
    -------
    torch.Tensor
        Same shape, 0 to 1; a constant image becomes 0.
    """
    pixels = images.flatten(2)
    ordered = _sort(pixels)
    bottom, top = (_compute_percentile(ordered, q) for q in (low, high))
    scaled = (pixels - bottom).div_((top - bottom).clamp_min(_EPSILON))
    return scaled.clamp_(0, 1).reshape(images.shape)


def _sort(pixels: Tensor) -> Tensor:
    """Sort along the last axis; on a CPU NumPy is thirty times faster than torch."""
    if pixels.device.type != "cpu" or pixels.requires_grad or torch.compiler.is_exporting():
        return pixels.sort(dim=-1).values
    return torch.from_numpy(np.sort(pixels.numpy(), axis=-1))


def _compute_percentile(ordered: Tensor, q: float) -> Tensor:
    """Compute a percentile along the last axis, which is sorted and kept."""
    last = ordered.shape[-1] - 1
    position = q / 100 * last
    below = int(position)
    first, second = (ordered[..., [min(i, last)]] for i in (below, below + 1))
    return torch.lerp(first, second, position - below)


def lupton(rgb: Tensor, stretch: float, q: float, minimum: float = 0.0) -> Tensor:
    """Draw colour composites after Lupton et al. (2004, PASP 116, 133).

    Parameters
    ----------
    rgb
        Red, green and blue images, `[n, 3, y, x]`.
    stretch, q, minimum
        Linear stretch, asinh softening and black point, as in
        `astropy.visualization.make_lupton_rgb`, which gives the same grey levels.

    Returns
    -------
    torch.Tensor
        Grey levels 0, 1, ... 255 divided by 255, same shape.
    """
    # the slope is that of the first tenth of the stretch (constant 0.1 in the reference code)
    slope = 0.1 / math.asinh(0.1 * q)
    rgb = rgb - minimum
    intensity = rgb.mean(dim=1, keepdim=True)
    positive = intensity > 0
    safe = torch.where(positive, intensity, 1.0)
    factor = torch.where(positive, slope * _asinh(safe * (q / stretch)) / safe, 0.0)
    colour = rgb.mul_(factor).clamp_min_(0)
    # a pixel that is too bright keeps its colour: all three channels shrink together
    colour.div_(colour.amax(dim=1, keepdim=True).clamp_min_(1))
    return colour.mul_(255).floor_().div_(255)


def linear_grey(images: Tensor, low: float, high: float) -> Tensor:
    """Draw fluxes in 256 equal steps from black to white, as matplotlib's grey map does.

    Parameters
    ----------
    images
        Nanomaggies, any shape.
    low, high
        Nanomaggies shown as black and white.

    Returns
    -------
    torch.Tensor
        Grey levels 0, 1, ... 255 divided by 255, same shape.
    """
    steps = (images - low).mul_(256 / (high - low)).floor_()
    return steps.clamp_(0, 255).div_(255)


def asinh_flux(flux: Tensor, softening: float) -> Tensor:
    """Compress calibrated fluxes on one scale for all bands, so that colour is preserved.

    ``asinh(f / b)`` is linear below `softening` and logarithmic above it, the scale of SDSS asinh
    magnitudes (Lupton, Gunn & Szalay 1999, AJ 118, 1406): there, a difference of two bands is a
    colour.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    softening
        `b` in nanomaggies.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    return _asinh(flux / softening)


def asinh_magnitude(flux: Tensor, softening: Sequence[float]) -> Tensor:
    """Convert fluxes to asinh magnitudes, each band with its own softening.

    ``m = -2.5 / ln 10 * (asinh(f / (2 b)) + ln b)`` with `f` in maggies (Lupton, Gunn & Szalay
    1999, AJ 118, 1406).

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    softening
        `b` of each band in maggies.

    Returns
    -------
    torch.Tensor
        Magnitudes, same shape; brighter is smaller.
    """
    b = torch.tensor(softening, dtype=torch.float64)
    nanomaggies = (2 * b / NANOMAGGY).to(flux)[:, None, None]
    return -POGSON * (_asinh(flux / nanomaggies) + b.log().to(flux)[:, None, None])


def _asinh(values: Tensor) -> Tensor:
    """Compute the inverse hyperbolic sine; torch's own is ten times slower on a CPU."""
    size = values.abs()
    square = size * size
    root = (square + 1).sqrt_().add_(1)
    return _log1p(size.add_(square.div_(root))).mul_(values.sign())


def _log1p(values: Tensor) -> Tensor:
    """Compute ln(1 + x), exact for small x: the logarithm, corrected for rounding in 1 + x.

    Torch's own is ten times slower on a CPU.
    """
    one_more = values + 1
    lost = (one_more - 1).sub_(values).div_(one_more)
    return one_more.log_().sub_(lost)
