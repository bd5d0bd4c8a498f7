"""Change what was measured of objects as their pixels are changed."""

import math
from typing import Final

import torch
from torch import Tensor

from skyclass.config.training_sections import AugmentationConfig
from skyclass.images.augment import Changes, augment_recorded
from skyclass.models.classifier import Change, Classifier
from skyclass.models.measured_features import unpack_measured
from skyclass.schema import EXTINCTION
from skyclass.surveys.registry import get_survey

__all__ = ["change_measured", "make_change"]

_FWHM: Final = math.sqrt(8 * math.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""


def make_change(
    classifier: Classifier, config: AugmentationConfig, generator: torch.Generator
) -> Change:
    """Make the function that changes a batch at random: its pixels and what was measured of it.

    Parameters
    ----------
    classifier
        Its image type decides the bands.
    config
        Which changes, and how large.
    generator
        Source of the random numbers, on the CPU.

    Returns
    -------
    Change
        Applied by `Classifier.embed`.
    """
    bands, survey = classifier.renderer.image_type.bands, classifier.spec.survey

    def change(flux: Tensor, measured: Tensor | None) -> tuple[Tensor, Tensor | None]:
        flux, changes = augment_recorded(flux, config, generator, bands, survey)
        if measured is not None and changes is not None:
            scale = get_survey(survey).pixel_scale
            measured = change_measured(measured, changes, scale, generator)
        return flux, measured

    return change


def change_measured(
    columns: Tensor, changes: Changes, pixel_scale: float, generator: torch.Generator
) -> Tensor:
    """Change what was measured as a photometric pipeline would find it on the changed pixels.

    Fluxes get the PSF-weighted sum of the very noise that was added to the pixels, and errors grow
    by its variance. Photons of a fainter object scatter more for their number than those of a
    brighter one that was dimmed; what lacks is drawn.

    Parameters
    ----------
    columns
        `[n, column]` (`skyclass.models.measured_inputs`).
    changes
        What was done to the pixels.
    pixel_scale
        Arcsec per pixel.
    generator
        Source of the random numbers, on the CPU.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    each = unpack_measured(columns)
    factor, flux, error = changes.factor, each["psf_flux"], each["psf_flux_err"]
    width = torch.hypot(each["psf_fwhm"], _FWHM * pixel_scale * changes.blur[:, None])
    area = _count_noise_pixels(each["psf_fwhm"], pixel_scale)
    weighted, wider = _weigh_noise(changes.noise, width / (_FWHM * pixel_scale))
    sky = each["sky_noise"] ** 2 * area
    photons = (error**2 - sky).clamp_min(0)
    lacking = photons * (factor - factor**2).clamp_min(0)
    drawn = torch.randn((2, *flux.shape), generator=generator).to(flux)
    extra = weighted + drawn[0] * lacking.sqrt()
    new_flux = factor * flux + extra
    new_error = (
        factor**2 * error.square().minimum(sky)
        + torch.maximum(factor, factor**2) * photons
        + changes.added**2 * wider
    ).sqrt()
    # the error of a magnitude is that of the flux over the flux
    grown = new_error / (factor * error)
    error_before = each["concentration_err"]
    scatter = error_before * (grown**2 - 1).clamp_min(0).sqrt()
    changed = each | {
        "psf_flux": new_flux,
        "psf_flux_err": new_error,
        "aperture_flux": factor * each["aperture_flux"] + extra,
        "psf_fwhm": width,
        "sky_noise": torch.hypot(factor * each["sky_noise"], changes.added),
        "concentration": each["concentration"] + drawn[1] * scatter,
        "concentration_err": error_before * grown,
        EXTINCTION: each[EXTINCTION] + changes.extinction,
    }
    return torch.stack(list(changed.values()), dim=1).flatten(1)


def _count_noise_pixels(fwhm: Tensor, pixel_scale: float) -> Tensor:
    """Compute the pixels whose noise a PSF flux holds: those of a Gaussian, `4 pi sigma**2`."""
    return 4 * math.pi * (fwhm / (_FWHM * pixel_scale)) ** 2


def _weigh_noise(noise: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Weigh noise by a Gaussian about the centre, as a least-squares flux does.

    Returns the flux of the noise and the pixels whose variance it has, both `[n, band]`.
    """
    side = noise.shape[-1]
    axis = torch.arange(side, dtype=noise.dtype, device=noise.device) - (side - 1) / 2
    row = torch.exp(-0.5 * (axis / sigma[..., None]) ** 2)
    row = row / row.sum(-1, keepdim=True)
    square = row.square().sum(-1) ** 2
    weighted = torch.einsum("nby,nbyx,nbx->nb", row, noise, row)
    return weighted / square, 1 / square
