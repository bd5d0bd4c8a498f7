"""Image types: shapes, purity, and the bands they need."""

import numpy as np
import pytest
import torch

from images.sky import cutouts
from skyclass.errors import ImageError
from skyclass.images.registry import (
    get_image_type,
)
from skyclass.schema import COLOURS

NAMES = (
    *("gri", "urz", "gri+urz", "gri+urz-squashed", "grey:u", "grey:each", "rgb:rgu"),
    *("percentile:zig:q=3:stretch=0.1", "lupton:irg", "lupton:zru:q=20:stretch=0.1:minimum=-0.02"),
    *("ugriz", "asinh:gz:softening=1", "luptitude", "luptitude:ur", "colours:ugr"),
)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_and_tensors_give_the_same_numbers(name: str) -> None:
    image_type = get_image_type(name)
    flux = cutouts(3)
    before = flux.copy()
    images = image_type(flux)
    assert isinstance(images, np.ndarray)
    assert images.dtype == np.float32
    assert images.shape[:2] == (3 * image_type.samples, image_type.channels)
    np.testing.assert_array_equal(images, image_type(torch.from_numpy(flux)).numpy())
    np.testing.assert_array_equal(images, image_type(flux.astype(np.float64)))
    np.testing.assert_array_equal(flux, before)


@pytest.mark.parametrize("name", NAMES)
def test_an_object_does_not_depend_on_its_batch(name: str) -> None:
    image_type = get_image_type(name)
    flux = cutouts(4)
    alone = np.concatenate([image_type(flux[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(image_type(flux), alone, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_device(name: str) -> None:
    # tensors without values refuse to meet those of another device, and to be looked into
    image_type = get_image_type(name)
    images = image_type(torch.empty(2, 5, 64, 64, device="meta"))
    assert images.device.type == "meta"
    assert image_type.picture(images).shape == (2 * image_type.samples, 3, *images.shape[2:])


@pytest.mark.parametrize("name", NAMES)
def test_invalid_pixels_are_sky(name: str) -> None:
    image_type = get_image_type(name)
    flux = cutouts(2)
    broken, empty = flux.copy(), flux.copy()
    for i, value in enumerate((np.nan, np.inf, -np.inf, 1e30)):
        broken[:, :, 5, i], empty[:, :, 5, i] = value, 0
    np.testing.assert_array_equal(image_type(broken), image_type(empty))
    assert np.isfinite(image_type(np.full_like(flux, np.nan))).all()


def test_bands_are_in_any_order() -> None:
    flux = cutouts(2)
    image_type = get_image_type("urz")
    swapped = image_type(flux[:, [4, 2, 0]], ("z", "r", "u"))
    np.testing.assert_array_equal(swapped, image_type(flux))


def test_a_missing_band_is_named() -> None:
    with pytest.raises(ImageError, match="urz needs u, but the cutouts hold"):
        get_image_type("urz")(cutouts(2)[:, 1:], ("g", "r", "i", "z"))
    with pytest.raises(ImageError, match=r"got \[2, 4, 64, 64\], expected \[n, 5, y, x\]"):
        get_image_type("urz")(cutouts(2)[:, 1:])


@pytest.mark.parametrize(
    ("name", "service", "scale", "width", "options", "bands"),
    [
        ("sdss-jpeg", "skyserver", 0.025, 224, "", ""),
        ("sdss-jpeg-wide", "skyserver", 0.4, 240, "G", ""),
        ("ps1-jpeg", "ps1", 0.25, 240, "", "yig"),
    ],
)
def test_downloaded_pictures_are_unchanged(
    name: str, service: str, scale: float, width: int, options: str, bands: str
) -> None:
    image_type = get_image_type(name)
    source = image_type.source
    assert source is not None
    assert (source.service, source.scale, source.width) == (service, scale, width)
    assert (source.options, source.bands) == (options, bands)
    levels = np.random.default_rng(1).integers(0, 256, (2, 3, 8, 8)).astype(np.uint8)
    np.testing.assert_allclose(image_type(levels, COLOURS) * 255, levels, rtol=1e-6)
    with pytest.raises(ImageError, match="needs red, green, blue, but the cutouts hold"):
        image_type(cutouts(1), tuple("ugriz"))
