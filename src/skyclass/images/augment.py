"""Augment cutouts with changes that the sky or the telescope could make, before they are rendered.

Every change is drawn per object and is the same in all its bands, so that they stay registered;
only the reddening and the zero points differ between bands, and the noise between pixels. Where
light is taken away or spread, noise is added until the sky has as much as before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from skyclass.config.training_sections import AugmentationConfig
from skyclass.errors import ImageError
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey

__all__ = ["Changes", "augment", "augment_recorded", "check_augmentation"]

_NORMAL_MAD: Final = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


@dataclass(frozen=True)
class Changes:
    """What was done to a batch that bears on what was measured of its objects."""

    factor: Tensor
    """Ratio of fluxes after to before, `[n, band]`."""
    extinction: Tensor
    """Magnitudes of dust put before the objects, part of `factor`, `[n, band]`."""
    blur: Tensor
    """Standard deviation in pixels of the Gaussian that they were blurred with, `[n]`."""
    noise: Tensor
    """Noise that was added last, in nanomaggies, `[n, band, y, x]`."""
    added: Tensor
    """Standard deviation of `noise`, `[n, band]`."""


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
    return augment_recorded(flux, config, generator, bands, survey)[0]


def augment_recorded(
    flux: Tensor,
    config: AugmentationConfig,
    generator: torch.Generator,
    bands: Sequence[str],
    survey: str = DEFAULT_SURVEY,
) -> tuple[Tensor, Changes | None]:
    """Apply random changes to a batch, as `augment` does, and say what was done.

    Parameters
    ----------
    flux, config, generator, bands, survey
        As `augment` takes them.

    Returns
    -------
    flux
        Same shape.
    changes
        None if no fluxes, widths or noise were changed.
    """
    if config.turn:
        flux = _turn(flux, generator)
    noise = _measure_noise(flux) if _keeps_noise(config) else None
    factor, extinction = _draw_factor(flux, config, generator, bands, survey)
    if factor is not None:
        flux = flux * factor.to(flux)[..., None, None]
    if config.rotate or config.shift:
        angle = 2 * math.pi * _draw_uniform(len(flux), generator) * config.rotate
        moves = config.shift * (2 * _draw_uniform(2 * len(flux), generator) - 1).reshape(-1, 2)
        flux = rotate_and_shift(flux, angle, moves)
    width = config.blur * _draw_uniform(len(flux), generator) if config.blur else None
    if width is not None:
        flux = blur(flux, width)
    if noise is None:
        return flux, None
    share = config.noise * _draw_uniform(len(flux), generator) if config.noise else None
    if factor is None:
        factor = torch.ones(flux.shape[:2])
    width = torch.zeros(len(flux)) if width is None else width
    added = noise * _compute_lost_noise(factor, width, share).sqrt().to(noise)
    drawn = torch.randn(flux.shape, generator=generator).to(flux) * added[..., None, None]
    record = Changes(factor.to(flux), extinction.to(flux), width.to(flux), drawn, added)
    return flux + drawn, record


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


def _keeps_noise(config: AugmentationConfig) -> bool:
    """Check whether a change touches the noise, or what is measured of an object."""
    changed = config.reddening, config.dimming, config.zero_point, config.blur, config.noise
    return any(changed)


def _draw_factor(
    flux: Tensor,
    config: AugmentationConfig,
    generator: torch.Generator,
    bands: Sequence[str],
    survey: str,
) -> tuple[Tensor | None, Tensor]:
    """Draw factors on the fluxes and the extinction in them, both `[n, band]`, on the CPU."""
    count = len(flux)
    magnitudes, dust = torch.zeros(count, len(bands)), torch.zeros(count, len(bands))
    if config.reddening:
        excess = config.reddening * _draw_uniform(count, generator)
        dust = excess[:, None] * torch.tensor(_get_extinction(bands, survey))
    if config.dimming:
        magnitudes = magnitudes + config.dimming * _draw_uniform(count, generator)[:, None]
    if config.zero_point:
        errors = 2 * _draw_uniform(count * len(bands), generator).reshape(count, -1) - 1
        magnitudes = magnitudes + config.zero_point * errors
    if not (config.reddening or config.dimming or config.zero_point):
        return None, dust
    return 10 ** (-0.4 * (magnitudes + dust)), dust


def _measure_noise(flux: Tensor) -> Tensor:
    """Measure the pixel noise of each band, `[n, band]`."""
    pixels = flux.flatten(2)
    middle = pixels.median(dim=2, keepdim=True).values
    return _NORMAL_MAD * (pixels - middle).abs().median(dim=2).values


def _compute_lost_noise(factor: Tensor, width: Tensor, share: Tensor | None) -> Tensor:
    """Compute the variance to add, in units of the pixel noise's own, `[n, band]`.

    As much as dimming and blurring took, and the square of the share that is asked for.
    """
    # what a Gaussian of this width leaves of the variance of white noise
    left = torch.where(width > 0.1, 1 / (4 * math.pi * width.clamp_min(0.1) ** 2), 1.0)
    lost = (1 - factor**2 * left.clamp_max(1)[:, None]).clamp_min(0)
    return lost if share is None else lost + share[:, None] ** 2


def _draw_uniform(count: int, generator: torch.Generator) -> Tensor:
    """Draw numbers from 0 to 1."""
    return torch.rand(count, generator=generator)
