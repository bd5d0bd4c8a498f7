"""The registry of image types: names, shapes, purity, and what it says of bad input."""

import numpy as np
import pytest
import torch

from images.sky import cutouts
from skyclass.errors import ImageError
from skyclass.images.image_type import COLOURS
from skyclass.images.registry import (
    get_image_type,
    image_families,
    image_types,
    register_image_type,
)
from skyclass.images.renderer import render
from support.docs_examples import read_example

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
def test_pixels_that_are_no_measurement_are_sky(name: str) -> None:
    image_type = get_image_type(name)
    flux = cutouts(2)
    broken, empty = flux.copy(), flux.copy()
    for i, value in enumerate((np.nan, np.inf, -np.inf, 1e30)):
        broken[:, :, 5, i], empty[:, :, 5, i] = value, 0
    np.testing.assert_array_equal(image_type(broken), image_type(empty))
    assert np.isfinite(image_type(np.full_like(flux, np.nan))).all()


def test_bands_stand_in_any_order() -> None:
    flux = cutouts(2)
    image_type = get_image_type("urz")
    swapped = image_type(flux[:, [4, 2, 0]], ("z", "r", "u"))
    np.testing.assert_array_equal(swapped, image_type(flux))


def test_a_band_that_is_lacking_is_named() -> None:
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
def test_downloaded_pictures_pass_through(
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


def test_every_name_is_found() -> None:
    assert set(image_types()) >= {"gri", "urz", "gri+urz", "ugriz", "grey:each", "sdss-jpeg"}
    for name in (*image_types(), *(family.example for family in image_families())):
        image_type = get_image_type(name)
        assert image_type.name == name
        assert image_type.description


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ugrizz", "did you mean 'ugriz'"),
        ("luptn:irg", "did you mean 'lupton:irg'"),
        ("sdss-jpg", "did you mean 'sdss-jpeg'"),
        ("lupton:irx", "needs 3 different bands of ugriz \\(survey sdss\\), got 'irx'"),
        ("lupton:iir", "3 different bands of ugriz \\(survey sdss\\), got 'iir'"),
        ("rgb:gr", "write it like 'rgb:rgu'"),
        ("lupton", "got ''"),
        ("lupton:irg:strech=2", "did you mean 'stretch'"),
        ("lupton:irg:q=x", "q must be a positive number, got 'x'"),
        ("lupton:irg:q=0", "q must be a positive number"),
        ("lupton:irg:minimum=nan", "minimum must be a number, got 'nan'"),
        ("grey:r:q=2", "grey has no parameters, got 'q=2'"),
        ("", "image type '' is unknown"),
    ],
)
def test_what_cannot_be(name: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        get_image_type(name)


def test_a_name_is_given_once() -> None:
    with pytest.raises(ImageError, match="'ugriz' is registered already"):
        register_image_type(get_image_type("ugriz"))


def test_the_image_type_of_the_documentation() -> None:
    exec(read_example("image-types.md", "An image type of your own"), {})
    flux = cutouts(3)
    images = get_image_type("square-root")(flux)
    np.testing.assert_allclose(
        images, np.sqrt(np.clip(flux[:, [1, 2, 3]], 0, None) / 10), atol=1e-6
    )
    pictures = render(flux, "square-root", registration="none")
    np.testing.assert_allclose(pictures[..., 0], 255 * images[:, 2].clip(0, 1), atol=0.51)
    assert "square-root" in image_types()
    with pytest.raises(ImageError, match="'square-root' is registered already"):
        register_image_type(get_image_type("square-root"))
