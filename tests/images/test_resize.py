"""Sizes against Pillow, and the learned upscaler."""

import numpy as np
import pytest
import torch
from PIL import Image

from images.sky import cutouts
from skyclass.errors import ImageError
from skyclass.images.renderer import Renderer, render
from skyclass.images.resize import bilinear, centre_crop, lanczos

LANCZOS = Image.Resampling.LANCZOS


@pytest.mark.parametrize(("height", "width"), [(224, 224), (224, 448), (48, 100), (20, 20)])
def test_lanczos_equals_pillow(height: int, width: int) -> None:
    levels = np.random.default_rng(1).integers(0, 256, (3, 40, 64, 3)).astype(np.uint8)
    levels[1] = render(cutouts(1), "gri")[0, :40]
    images = torch.from_numpy(levels).permute(0, 3, 1, 2) / 255
    ours = lanczos(images, height, width, levels=True) * 255
    real = lanczos(images, height, width)
    for i, picture in enumerate(levels):
        theirs = np.asarray(Image.fromarray(picture).resize((width, height), LANCZOS), dtype=int)
        assert np.abs(ours[i].permute(1, 2, 0).numpy() - theirs).max() < 1.01
        for channel in range(3):
            exact = Image.fromarray(picture[..., channel].astype(np.float32) / 255)
            exact = np.asarray(exact.resize((width, height), LANCZOS))
            np.testing.assert_allclose(real[i, channel], exact, atol=2e-5)


def test_the_size_is_that_of_the_height() -> None:
    flux, offset = torch.from_numpy(cutouts(2)), torch.zeros(2, 5, 2)
    assert Renderer("ugriz")(flux, offset).shape == (2, 5, 64, 64)
    assert Renderer("ugriz", size=224)(flux, offset).shape == (2, 5, 224, 224)
    assert Renderer("ugriz", size=96, resize="bilinear")(flux, offset).shape == (2, 5, 96, 96)
    assert Renderer("gri+urz", size=224)(flux).shape == (2, 3, 224, 448)
    assert Renderer("ugriz", crop=32)(flux, offset).shape == (2, 5, 32, 32)
    assert Renderer("gri", crop=32, size=224)(flux).shape == (2, 3, 224, 224)


def test_a_composite_grows_as_its_picture_does() -> None:
    flux = cutouts(2)
    large = Renderer("gri", size=224)(torch.from_numpy(flux)) * 255
    for ours, picture in zip(large, render(flux, "gri"), strict=True):
        theirs = np.asarray(Image.fromarray(picture).resize((224, 224), LANCZOS), dtype=int)
        assert np.abs(ours.permute(1, 2, 0).numpy() - theirs).max() < 1.01


def test_bilinear_is_exact_on_a_plane() -> None:
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    large = bilinear((2 * x - y)[None, None], 64, 64)[0, 0, 8:-8, 8:-8]
    centres = (torch.arange(64.0) + 0.5) / 4 - 0.5
    expected = (2 * centres[None] - centres[:, None])[8:-8, 8:-8]
    torch.testing.assert_close(large, expected)


def test_crops_keep_the_centre() -> None:
    images = torch.arange(36.0).reshape(1, 1, 6, 6)
    torch.testing.assert_close(centre_crop(images, 2)[0, 0], torch.tensor([[14.0, 15], [20, 21]]))
    for size in (5, 8):
        with pytest.raises(ImageError, match="does not lie in the middle of a cutout of 6"):
            centre_crop(images, size)
