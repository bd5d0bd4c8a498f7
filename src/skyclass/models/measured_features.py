"""What a network computes of the measurement that it is told: colours, signal to noise, shape."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skyclass.models.measured_inputs import QUANTITIES
from skyclass.models.model_spec import MeasuredScaling
from skyclass.photometry import POGSON
from skyclass.schema import EXTINCTION

__all__ = ["MeasuredFeatures", "fit_measured_scaling", "unpack_measured"]

_NORMAL_MAD: Final = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

_CLIP: Final = 5.0
"""Deviations from the median that a feature is clipped to: what training did not hold is not
extrapolated."""

_FLAGS: Final = ("saturated", "blended", "bad_pixels")
"""Flags of the object; the others are of the place that it was measured in."""


class MeasuredFeatures(nn.Module):
    """From the columns of `skyclass.models.measured_inputs` to features of order one.

    Fluxes are corrected for extinction; where it is unknown, for that of the median training
    object. No statistic of a batch is used: an object's features are its own.

    Parameters
    ----------
    scaling
        Softening, and location and scale of every feature.
    """

    def __init__(self, scaling: MeasuredScaling) -> None:
        super().__init__()
        self._softening: Tensor
        self._extinction: Tensor
        self._median: Tensor
        self._scale: Tensor
        for name in ("softening", "extinction", "median", "scale"):
            values = torch.tensor(getattr(scaling, name), dtype=torch.float32)
            self.register_buffer(f"_{name}", values, persistent=False)
        self._shape = scaling.shape

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self._median)

    def forward(self, columns: Tensor) -> Tensor:
        """Compute the features of `[n, column]`, `[n, width]`; an unknown one is its median."""
        raw = compute_raw_features(
            columns.float(), self._softening, self._extinction, shape=self._shape
        )
        scaled = (raw - self._median) / self._scale
        return torch.where(scaled.isfinite(), scaled, 0.0).clamp(-_CLIP, _CLIP)


def unpack_measured(columns: Tensor) -> dict[str, Tensor]:
    """Split the columns by quantity.

    Parameters
    ----------
    columns
        `[n, column]`.

    Returns
    -------
    dict
        `[n, band]` for each of `QUANTITIES`, views of the columns.
    """
    # objects are the axis that an exported graph leaves open
    bands = columns.shape[1] // len(QUANTITIES)
    each = columns.reshape(-1, len(QUANTITIES), bands).unbind(1)
    return dict(zip(QUANTITIES, each, strict=True))


def compute_raw_features(
    columns: Tensor, softening: Tensor, extinction: Tensor, *, shape: bool
) -> Tensor:
    """Compute the features before they are scaled.

    Width of the PSF and noise are not among them as such: they are in the errors. As features they
    tell one night from another, and a network learns the objects of each night by heart.

    Parameters
    ----------
    columns
        `[n, column]`.
    softening
        Nanomaggies, `[band]`.
    extinction
        Magnitudes that are assumed where they are unknown, `[band]`.
    shape
        Whether to add the concentration of the light.

    Returns
    -------
    torch.Tensor
        `[n, width]`: colours of neighbouring bands; signal to noise in every band; if asked for,
        concentration and its signal to noise; flags of the object, and whether there is no flux.
        NaN where a quantity is unknown.
    """
    each = unpack_measured(columns)
    dust = torch.where(each[EXTINCTION].isfinite(), each[EXTINCTION], extinction)
    flux = each["psf_flux"]
    magnitude = -POGSON * torch.asinh(flux * 10 ** (0.4 * dust) / (2 * softening))
    parts = [magnitude[:, :-1] - magnitude[:, 1:], torch.asinh(flux / each["psf_flux_err"])]
    if shape:
        extent = each["concentration"]
        parts += [extent, torch.asinh(extent / each["concentration_err"])]
    parts += [*(each[name] for name in _FLAGS), (~flux.isfinite()).to(flux)]
    return torch.cat(parts, dim=1)


@torch.no_grad()
def fit_measured_scaling(columns: NDArray[np.float32], *, shape: bool) -> MeasuredScaling:
    """Fit the scaling of the features to the training objects.

    Parameters
    ----------
    columns
        Of the training objects (`skyclass.models.measured_inputs.make_measured_inputs`),
        `[n, column]`.
    shape
        Whether the network is told the concentration of the light.

    Returns
    -------
    MeasuredScaling
        Medians, and median absolute deviations as standard deviations; 1 for a
        flag that few objects have. The softening is the median error of the PSF fluxes.
    """
    raw = torch.from_numpy(columns)
    each = unpack_measured(raw)
    softening = _compute_median(each["psf_flux_err"], 1.0)
    extinction = _compute_median(each[EXTINCTION], 0.0)
    features = compute_raw_features(raw, softening, extinction, shape=shape)
    features = torch.where(features.isfinite(), features, torch.nan)
    median = _compute_median(features, 0.0)
    apart = (features - median).abs()
    scale = _NORMAL_MAD * _compute_median(apart, 0.0)
    # few objects have a flag
    varies = (apart.nan_to_num() > 0).any(dim=0).to(scale)
    scale = torch.where(scale > 0, scale, varies)
    return MeasuredScaling(
        softening=tuple(softening.tolist()),
        extinction=tuple(extinction.tolist()),
        shape=shape,
        median=tuple(median.tolist()),
        scale=tuple(scale.tolist()),
    )


def _compute_median(values: Tensor, default: float) -> Tensor:
    """Compute the median of each column, missing values left out."""
    return values.nanmedian(dim=0).values.nan_to_num(nan=default)
