"""Settings of the renderer."""

from pathlib import Path

import numpy as np
import pytest
import torch

from images.sky import cutouts
from skyclass.config.sections import ImageConfig
from skyclass.errors import ImageError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import Renderer, check_images, get_registration


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
def test_contradicting_settings(options: dict, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        Renderer("gri", **options)


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
