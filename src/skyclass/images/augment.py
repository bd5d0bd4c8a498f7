"""Augment cutouts with changes that the sky or the telescope could make, before they are rendered.

Every change is drawn per object and is the same in all its bands, so that they stay registered;
only the reddening differs between bands, and the noise between pixels.
"""

import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from skyclass.config.training_sections import AugmentationConfig
from skyclass.errors import ImageError
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey

__all__ = ["augment", "check_augmentation"]

_NORMAL_MAD: Final = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


def check_augmentation(
    config: AugmentationConfig, bands: Sequence[str], survey: str = DEFAULT_SURVEY
) -> None:
    """Check the settings of an augmentation before any work.

    Parameters
    ----------
    config
        Which changes, and how large.
    bands
        Those of the image type.
    survey
        Name of the survey of the cutouts.

    Raises
    ------
    ImageError
        If reddening is asked for in a band whose extinction is unknown.
    """
    if config.reddening:
        _get_extinction(bands, survey)


def augment(
    flux: Tensor,
    config: AugmentationConfig,
    generator: torch.Generator,
    bands: Sequence[str],
    survey: str = DEFAULT_SURVEY,
) -> Tensor:
    """Apply random changes to a batch of registered cutouts.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`, square, the object at the centre; on any device.
    config
        Which changes, and how large.
    generator
        Source of the random numbers, on the CPU: the results are the same on every device.
    bands
        Names along the band axis.
    survey
        Name of the survey of the cutouts.

    Returns
    -------
    torch.Tensor
        Same shape; `flux` itself if nothing is asked for.

    Raises
    ------
    ImageError
        If reddening is asked for in a band whose extinction is unknown.
    """
    if config.turn:
        flux = _turn(flux, generator)
    if config.reddening:
        excess = config.reddening * _draw_uniform(len(flux), generator)
        flux = redden(flux, excess, _get_extinction(bands, survey))
    if config.rotate or config.shift:
        angle = 2 * math.pi * _draw_uniform(len(flux), generator) * config.rotate
        moves = config.shift * (2 * _draw_uniform(2 * len(flux), generator) - 1).reshape(-1, 2)
        flux = rotate_and_shift(flux, angle, moves)
    if config.blur:
        flux = blur(flux, config.blur * _draw_uniform(len(flux), generator))
    if config.noise:
        flux = _add_noise(flux, config.noise * _draw_uniform(len(flux), generator), generator)
    return flux


def redden(flux: Tensor, excess: Tensor, extinction: Sequence[float]) -> Tensor:
    """Redden objects as dust in front of them would.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`.
    excess
        Colour excess E(B-V) in magnitudes, `[n]`.
    extinction
        Magnitudes at E(B-V) = 1 in each band.

    Returns
    -------
    torch.Tensor
        Same shape, each band fainter by its own extinction.
    """
    factor = 10 ** (-0.4 * excess.cpu()[:, None] * torch.tensor(extinction))
    return flux * factor.to(flux)[..., None, None]


def rotate_and_shift(flux: Tensor, angle: Tensor, moves: Tensor) -> Tensor:
    """Rotate cutouts about their centre by any angle, then shift them; bicubic, sky outside.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`, square.
    angle
        Radians from x towards y, `[n]`.
    moves
        Pixels in y and x, `[n, 2]`.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    cos, sin = torch.cos(angle), torch.sin(angle)
    # the affine map goes from a new pixel to the old one, in units of half the side
    back = -2 / flux.shape[-1] * moves
    x = cos * back[:, 1] + sin * back[:, 0]
    y = -sin * back[:, 1] + cos * back[:, 0]
    matrix = torch.stack([cos, sin, x, -sin, cos, y], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrix.to(flux), list(flux.shape), align_corners=False)
    return functional.grid_sample(flux, grid, mode="bicubic", align_corners=False)


def blur(flux: Tensor, sigma: Tensor) -> Tensor:
    """Blur cutouts with a round Gaussian, as worse seeing does.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`, square.
    sigma
        Standard deviation in pixels, `[n]`.

    Returns
    -------
    torch.Tensor
        Same shape; flux is conserved, and pixels outside count as sky.
    """
    pixels = torch.arange(flux.shape[-1], dtype=flux.dtype, device=flux.device)
    distance = pixels[:, None] - pixels
    width = sigma.to(flux).clamp_min(1e-3)[:, None, None]
    kernel = torch.exp(-0.5 * (distance / width) ** 2)
    # normalised as at the centre of the cutout: light may leave over the edge, but none is added
    middle = kernel[:, len(pixels) // 2].sum(-1)
    kernel = (kernel / middle[:, None, None])[:, None]
    return kernel @ flux @ kernel


def _get_extinction(bands: Sequence[str], survey: str) -> list[float]:
    """Look up the extinction of each band, or raise if one is unknown."""
    known = {b.name: b.extinction for b in get_survey(survey).bands if b.extinction is not None}
    unknown = [band for band in bands if band not in known]
    if unknown:
        raise ImageError(
            f"extinction in {', '.join(unknown)} is unknown; set augmentation.reddening = 0"
        )
    return [known[band] for band in bands]


def _turn(flux: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate each cutout by a multiple of 90 degrees or mirror it: the sky has no up."""
    drawn = torch.randint(0, 2, (3, len(flux), 1, 1, 1), generator=generator, dtype=torch.bool)
    rows, columns, swapped = drawn.to(flux.device)
    flux = torch.where(rows, flux.flip(2), flux)
    flux = torch.where(columns, flux.flip(3), flux)
    return torch.where(swapped, flux.transpose(2, 3), flux)


def _add_noise(flux: Tensor, fraction: Tensor, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise, a fraction of the pixel noise of each band."""
    pixels = flux.flatten(2)
    middle = pixels.median(dim=2, keepdim=True).values
    noise = _NORMAL_MAD * (pixels - middle).abs().median(dim=2).values
    drawn = torch.randn(flux.shape, generator=generator).to(flux)
    return flux + drawn * (fraction.to(flux)[:, None] * noise)[..., None, None]


def _draw_uniform(count: int, generator: torch.Generator) -> Tensor:
    """Draw numbers from 0 to 1."""
    return torch.rand(count, generator=generator)
