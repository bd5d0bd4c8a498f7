"""What was measured, changed with the pixels, against the same measured again on the pixels."""

import math

import pytest
import torch
from torch import Tensor

from skyclass.config.training_sections import AugmentationConfig
from skyclass.images.augment import augment_recorded
from skyclass.models.measured_features import unpack_measured
from skyclass.models.measured_inputs import QUANTITIES
from skyclass.schema import EXTINCTION
from skyclass.surveys.sdss.layout import BANDS
from skyclass.training.augment_measured import change_measured

SCALE = 0.4
SIGMA = 1.6
NOISE = 0.05
SIDE = 25
FWHM = math.sqrt(8 * math.log(2))


def stream(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def star(sigma: Tensor) -> Tensor:
    axis = (torch.arange(SIDE) - (SIDE - 1) / 2).double()
    row = torch.exp(-0.5 * (axis / sigma[..., None]) ** 2)
    row = row / row.sum(-1, keepdim=True)
    return row[..., :, None] * row[..., None, :]


def fit(pixels: Tensor, sigma: Tensor) -> Tensor:
    """Least squares with the known PSF, written out."""
    psf = star(sigma)
    return (pixels * psf).sum((-1, -2)) / psf.square().sum((-1, -2))


def sky(n: int, flux: float) -> tuple[Tensor, Tensor]:
    """Stars of one flux in white noise, and what a pipeline would measure of them."""
    sigma = torch.full((n, 5), SIGMA).double()
    pixels = flux * star(sigma) + NOISE * torch.randn(
        n, 5, SIDE, SIDE, generator=stream(2), dtype=torch.float64
    )
    area = 4 * math.pi * SIGMA**2
    values = dict.fromkeys(QUANTITIES, torch.zeros(n, 5).double())
    values |= {
        "psf_flux": fit(pixels, sigma),
        "psf_flux_err": torch.full((n, 5), NOISE * math.sqrt(area)).double(),
        "aperture_flux": torch.full((n, 5), flux).double(),
        "psf_fwhm": FWHM * SIGMA * SCALE * torch.ones(n, 5).double(),
        "sky_noise": torch.full((n, 5), NOISE).double(),
        "concentration_err": torch.full((n, 5), 0.02).double(),
    }
    return pixels, torch.stack([values[name] for name in QUANTITIES], 1).flatten(1)


@pytest.mark.parametrize(
    "settings", [{"dimming": 2.0}, {"blur": 1.5}, {"noise": 2.0}, {"reddening": 0.3}]
)
def test_fluxes_are_those_of_the_changed_pixels(settings: dict[str, float]) -> None:
    pixels, columns = sky(60, 20.0)
    config = AugmentationConfig(**{"turn": False, **settings})
    changed, record = augment_recorded(pixels, config, stream(), BANDS)
    assert record is not None
    after = unpack_measured(change_measured(columns, record, SCALE, stream(3)))
    again = fit(changed, after["psf_fwhm"] / (FWHM * SCALE))
    error = after["psf_flux_err"]
    # the same noise: far nearer than two measurements of one star would be
    assert ((after["psf_flux"] - again) / error).std() < 0.5
    pull = (after["psf_flux"] - record.factor * 20.0) / error
    assert pull.std() == pytest.approx(1, abs=0.12)
    assert pull.mean() == pytest.approx(0, abs=0.15)


def test_the_sky_keeps_its_noise_where_objects_are_dimmed() -> None:
    pixels, columns = sky(40, 0.0)
    config = AugmentationConfig(turn=False, dimming=3.0)
    changed, record = augment_recorded(pixels, config, stream(), BANDS)
    assert record is not None
    assert changed.std().item() == pytest.approx(NOISE, rel=0.02)
    after = unpack_measured(change_measured(columns, record, SCALE, stream(3)))
    torch.testing.assert_close(
        after["sky_noise"], torch.full((40, 5), NOISE).double(), rtol=0.2, atol=0
    )


def test_dust_is_told_and_an_unknown_stays_unknown() -> None:
    pixels, columns = sky(8, 100.0)
    columns = columns.clone()
    each = unpack_measured(columns)
    each[EXTINCTION][:4] = torch.nan
    config = AugmentationConfig(turn=False, reddening=0.5)
    changed, record = augment_recorded(pixels, config, stream(), BANDS)
    assert record is not None
    after = unpack_measured(change_measured(columns, record, SCALE, stream(3)))[EXTINCTION]
    assert after[:4].isnan().all()
    dust = -2.5 * torch.log10(record.factor[4:])
    torch.testing.assert_close(after[4:], dust)
    assert changed.shape == pixels.shape


def test_photons_of_a_dimmed_star_scatter_as_those_of_a_faint_one() -> None:
    """Of 10,000 photons a quarter is left: the error is half as large, not a quarter."""
    pixels, columns = sky(400, 10_000.0)
    each = unpack_measured(columns)
    each["psf_flux_err"][:] = 100.0
    each["psf_flux"][:] = 10_000.0 + 100.0 * torch.randn(400, 5, generator=stream(5)).double()
    config = AugmentationConfig(turn=False, dimming=1e-6)
    _, record = augment_recorded(pixels, config, stream(), BANDS)
    assert record is not None
    record.factor[:] = 0.25
    record.noise[:] = 0
    record.added[:] = 0
    after = unpack_measured(change_measured(columns, record, SCALE, stream(3)))
    torch.testing.assert_close(
        after["psf_flux_err"], torch.full((400, 5), 50.0).double(), rtol=1e-3, atol=0
    )
    assert (after["psf_flux"] - 2500).std().item() == pytest.approx(50, rel=0.06)
