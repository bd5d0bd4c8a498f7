"""Sizes against Pillow, and the learned upscaler."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from images.sky import cutouts
from skyclass.config.sections import ImageConfig
from skyclass.errors import ImageError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import Renderer, check_images, get_registration, render
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


def test_percentiles_are_those_of_the_crop() -> None:
    flux = cutouts(2)
    expected = get_image_type("gri")(np.ascontiguousarray(flux[:, :, 16:48, 16:48]))
    np.testing.assert_array_equal(Renderer("gri", crop=32)(torch.from_numpy(flux)), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resize": "lancsos"}, "did you mean 'lanczos'"),
        ({"resize": "learned"}, "needs upscaler, a file of weights"),
        ({"upscaler": Path("w.safetensors")}, 'upscaler needs resize = "learned"'),
    ],
)
def test_settings_that_do_not_go_together(options: dict, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        Renderer("gri", **options)


def test_only_pictures_are_enlarged_by_a_network(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="image type ugriz has no grey levels"):
        Renderer("ugriz", resize="learned", upscaler=tmp_path / "w.safetensors")


def test_the_network_needs_spandrel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(ImageError, match=r'pip install "skyclass\[upscale\]"'):
        Renderer("gri", resize="learned", upscaler=tmp_path / "w.safetensors")


def test_a_network_enlarges(tmp_path: Path) -> None:
    compact = pytest.importorskip("spandrel.architectures.Compact.__arch.SRVGG")
    network = compact.SRVGGNetCompact(num_feat=8, num_conv=1, upscale=2)
    weights = tmp_path / "w.safetensors"
    save_file(network.state_dict(), weights)
    flux = torch.from_numpy(cutouts(2))
    small = Renderer("gri")(flux)
    large = Renderer("gri", resize="learned", upscaler=weights)(flux)
    torch.testing.assert_close(large, network(small).clamp(0, 1).detach())
    assert Renderer("gri", size=224, resize="learned", upscaler=weights)(flux).shape[-1] == 224
    assert Renderer("grey:r", resize="learned", upscaler=weights)(flux).shape == (2, 1, 128, 128)
    weights.write_bytes(b"nothing")
    with pytest.raises(ImageError, match="holds no usable upscaler"):
        Renderer("gri", resize="learned", upscaler=weights)


def test_settings_are_checked_before_any_work() -> None:
    check_images(ImageConfig(type="gri", crop=32), 64)
    assert get_registration(ImageConfig(type="gri", crop=32)) == "none"
    check_images(ImageConfig(type="lupton:irg"), 64)
    assert get_registration(ImageConfig(type="lupton:irg")) == "shift"
    assert get_registration(ImageConfig(type="gri", registration="shift")) == "shift"
    with pytest.raises(ImageError, match="a crop of 33 pixels does not lie in the middle"):
        check_images(ImageConfig(type="gri", crop=33), 64)
    # a picture has a side of its own: 240 pixels
    check_images(ImageConfig(type="ps1-jpeg", crop=120), 65)
    assert get_registration(ImageConfig(type="ps1-jpeg", crop=120)) == "none"
    with pytest.raises(ImageError, match="a crop of 121 pixels does not lie in the middle"):
        check_images(ImageConfig(type="ps1-jpeg", crop=121), 65)
