"""Changes of training objects against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from images.sky import centroid, cutouts, star
from skyclass.config.training_sections import AugmentationConfig
from skyclass.errors import ImageError
from skyclass.images.augment import augment, blur, redden, rotate_and_shift
from skyclass.schema import COLOURS
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.survey import SDSS

EXTINCTION = [band.extinction for band in SDSS.bands]

NOTHING = {"turn": False}


def stream(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def changed(flux: Tensor, seed: int = 1, **settings: float) -> Tensor:
    return augment(flux, AugmentationConfig(**{**NOTHING, **settings}), stream(seed), BANDS)


def stars(offset: tuple[float, float], sigma: float = 1.5, n: int = 6) -> Tensor:
    return torch.tensor(np.tile(star(offset, sigma), (n, 5, 1, 1)), dtype=torch.float32)


def test_nothing_changes_by_default() -> None:
    flux = torch.from_numpy(cutouts(3))
    assert changed(flux) is flux


@pytest.mark.parametrize(
    "settings",
    [{"turn": True}, {"rotate": True}, {"shift": 2}, {"blur": 1}, {"noise": 1}, {"reddening": 1}],
)
def test_the_same_seed_changes_the_same(settings: dict[str, float]) -> None:
    flux = torch.from_numpy(cutouts(8))
    before = flux.clone()
    one, same, other = (changed(flux, seed, **settings) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.shape == flux.shape
    assert torch.equal(flux, before)


def test_turned_objects_are_one_of_eight_and_differ() -> None:
    flux = torch.from_numpy(np.tile(cutouts(1, 16), (64, 1, 1, 1)))
    eight = [torch.rot90(f, k, (1, 2)) for f in (flux[0], flux[0].flip(2)) for k in range(4)]
    after = changed(flux, turn=True)
    turns = [[torch.equal(one, turned) for turned in eight].index(True) for one in after]
    assert set(turns) == set(range(8))


@pytest.mark.parametrize("degrees", [30, 90, 200])
def test_any_angle_turns_about_the_centre(degrees: float) -> None:
    angle = math.radians(degrees)
    flux = stars((3.0, 8.0))
    after = rotate_and_shift(flux, torch.full((6,), angle), torch.zeros(6, 2))
    y = 3 * math.cos(angle) + 8 * math.sin(angle)
    x = 8 * math.cos(angle) - 3 * math.sin(angle)
    if degrees != 90:  # the sense of turning is checked by the others
        y, x = y, x
    places = np.array([centroid(image.numpy()) for image in after[:, 2]])
    np.testing.assert_allclose(places, np.tile([y, x], (6, 1)), atol=0.02)
    torch.testing.assert_close(after.sum((2, 3)), flux.sum((2, 3)), rtol=2e-3, atol=0)


def test_shifts_are_fractions_of_a_pixel() -> None:
    moves = torch.tensor([[0.3, -1.7], [2.25, 0.5]])
    after = rotate_and_shift(stars((0, 0), n=2), torch.zeros(2), moves)
    places = np.array([centroid(image.numpy()) for image in after[:, 0]])
    # bicubic interpolation is right to a twentieth of a pixel
    np.testing.assert_allclose(places, moves, atol=0.05)
    drawn = changed(stars((0, 0), n=200), shift=2.0)[:, 0]
    drawn = np.array([centroid(image.numpy()) for image in drawn])
    assert 1.8 < np.abs(drawn).max() < 2.05
    assert np.abs(drawn.mean(0)).max() < 0.3


def test_all_bands_move_together() -> None:
    after = changed(stars((2, -3)), turn=True, rotate=True, shift=3, blur=2)
    for band in range(1, 5):
        torch.testing.assert_close(after[:, band], after[:, 0])


def test_blurred_stars_are_wider_and_keep_their_flux() -> None:
    sigma = torch.tensor([0.0, 0.8, 1.6])
    after = blur(stars((0, 0), 1.5, n=3), sigma).double()
    axis = torch.arange(64) - 31.5
    width = (after[:, 0].sum(1) @ axis.double() ** 2).sqrt()
    torch.testing.assert_close(width.float(), (1.5**2 + sigma**2).sqrt(), atol=0.01, rtol=0)
    torch.testing.assert_close(after.sum((2, 3)), torch.ones(3, 5).double(), atol=1e-3, rtol=0)


def test_noise_is_in_units_of_the_noise() -> None:
    sky = torch.tensor([0.1, 0.02, 0.03, 0.05, 0.2])[:, None, None]
    flux = torch.randn(2000, 5, 24, 24, generator=stream(3)) * sky
    added = (changed(flux, noise=1.0) - flux) / sky
    # the share is uniform from 0 to 1: a third is its mean square
    np.testing.assert_allclose(added.square().mean((0, 2, 3)), 1 / 3, rtol=0.1)


def test_dust_dims_each_band_by_its_extinction() -> None:
    flux = torch.ones(2, 5, 8, 8)
    after = redden(flux, torch.tensor([0.0, 0.3]), EXTINCTION)
    torch.testing.assert_close(after[0], flux[0])
    lost = -2.5 * torch.log10(after[1, :, 0, 0])
    torch.testing.assert_close(lost, 0.3 * torch.tensor(EXTINCTION))
    assert all(lost[:-1] > lost[1:])
    some = redden(flux[:, :2], torch.tensor([0.0, 0.3]), [EXTINCTION[4], EXTINCTION[1]])
    torch.testing.assert_close(some, after[:, [4, 1]])


def test_pictures_are_not_reddened() -> None:
    config = AugmentationConfig(reddening=0.1)
    with pytest.raises(ImageError, match=r"red, green, blue is unknown; set augmentation\.redd"):
        augment(torch.zeros(2, 3, 8, 8), config, stream(), COLOURS)


def test_nothing_leaves_the_device() -> None:
    # tensors without values refuse to meet those of another device, and to be looked into
    everything = {"rotate": True, "shift": 1, "blur": 1, "noise": 1, "reddening": 1, "turn": True}
    after = changed(torch.empty(2, 5, 16, 16, device="meta"), **everything)
    assert (after.device.type, after.shape) == ("meta", (2, 5, 16, 16))
