"""Legacy image types against astropy, Pillow and closed forms."""

import numpy as np
import pytest
from astropy.visualization import make_lupton_rgb
from PIL import Image

from images.sky import cutouts
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.surveys.sdss.layout import BANDS


def reference(bands: np.ndarray, q: float = 8, stretch: float = 0.02) -> np.ndarray:
    scaled = []
    for band in bands:
        low, high = np.percentile(band, [1, 99])
        scaled.append(np.clip((band - low) / (high - low), 0, 1))
    with np.errstate(invalid="ignore"):
        return make_lupton_rgb(*scaled, Q=q, stretch=stretch)


@pytest.mark.parametrize(
    ("name", "index", "settings"),
    [
        ("gri", [1, 2, 3], {}),
        ("urz", [0, 2, 4], {}),
        ("percentile:zgu:q=3:stretch=0.5", [4, 1, 0], {"q": 3, "stretch": 0.5}),
    ],
)
def test_composites_equal_astropy(name: str, index: list[int], settings: dict[str, float]) -> None:
    flux = cutouts()
    expected = np.stack([reference(one[index], **settings) for one in flux]).astype(int)
    assert np.abs(render(flux, name).astype(int) - expected).max() <= 1


def test_side_by_side_is_both() -> None:
    flux = cutouts()
    both = render(flux, "gri+urz")
    assert both.shape == (12, 64, 128, 3)
    np.testing.assert_array_equal(both[:, :, :64], render(flux, "gri"))
    np.testing.assert_array_equal(both[:, :, 64:], render(flux, "urz"))


def test_squashed_equals_pillow() -> None:
    flux = cutouts(4)
    squashed = render(flux, "gri+urz-squashed").astype(int)
    assert squashed.shape == (4, 224, 224, 3)
    for pair, ours in zip(render(flux, "gri+urz"), squashed, strict=True):
        theirs = Image.fromarray(pair).resize((224, 224), Image.Resampling.LANCZOS)
        assert np.abs(ours - np.asarray(theirs, dtype=int)).max() <= 1


def test_grey_is_linear_from_minus_to_plus_a_tenth() -> None:
    values = np.linspace(-0.15, 0.15, 64 * 64, dtype=np.float32)
    flux = np.zeros((1, 5, 64, 64), dtype=np.float32)
    flux[0, 2] = values.reshape(64, 64)
    steps = np.floor((flux[0, 2].astype(float) + 0.1) / 0.2 * 256)
    expected = np.clip(steps, 0, 255).astype(int)
    shown = render(flux, "grey:r")[0].astype(int)
    assert np.abs(shown - expected[..., None]).max() <= 1
    assert np.mean(shown == expected[..., None]) > 0.99
    # a band without light is middle grey
    assert (render(flux, "grey:u") == 128).all()


def test_merged_bands_are_their_grey_pictures() -> None:
    flux = cutouts(3)
    merged = render(flux, "rgb:rgu")
    for channel, band in enumerate("rgu"):
        grey = render(flux, f"grey:{band}")
        np.testing.assert_array_equal(merged[..., channel], grey[..., 0])


def test_each_band_is_a_sample() -> None:
    flux = cutouts(3)
    each = get_image_type("grey:each")(flux)
    assert each.shape == (15, 1, 64, 64)
    for i, band in enumerate(BANDS):
        np.testing.assert_array_equal(each[i::5], get_image_type(f"grey:{band}")(flux))
    assert render(flux, "grey:each").shape == (3, 64, 320, 3)
