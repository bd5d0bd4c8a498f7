"""Composites, grey levels and magnitudes against astropy, numpy and closed forms."""

from itertools import permutations

import numpy as np
import pytest
import torch
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


@pytest.mark.parametrize(("q", "stretch", "minimum"), [(8, 0.5, 0), (2, 0.02, -0.05), (20, 3, 0.1)])
def test_every_mapping_equals_astropy(q: float, stretch: float, minimum: float) -> None:
    flux = cutouts(2)
    mappings = list(permutations(range(5), 3))
    assert len(mappings) == 60
    for index in mappings:
        name = "".join(BANDS[i] for i in index)
        name = f"lupton:{name}:q={q}:stretch={stretch}:minimum={minimum}"
        ours = render(flux, name, registration="none").astype(int)
        for one, picture in zip(flux, ours, strict=True):
            expected = make_lupton_rgb(*one[list(index)], minimum=minimum, Q=q, stretch=stretch)
            assert np.abs(picture - expected.astype(int)).max() <= 1, name


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


def test_calibrated_bands_keep_colour_and_percentiles_do_not() -> None:
    flux = torch.from_numpy(cutouts())
    redder = flux * torch.tensor([1.0, 1.0, 2.0, 4.0, 8.0])[:, None, None]
    same = get_image_type("gri")
    torch.testing.assert_close(same(flux), same(redder), atol=2 / 255, rtol=0)
    kept = get_image_type("ugriz")
    np.testing.assert_allclose(kept(flux), np.arcsinh(flux.numpy() / 0.1), rtol=1e-5, atol=1e-6)
    assert (kept(redder) - kept(flux)).abs().max() > 1
    drawn = get_image_type("lupton:irg")
    assert (drawn(redder) - drawn(flux)).abs().max() > 0.3


def test_magnitudes_are_those_of_the_survey() -> None:
    # zero flux in the five bands, from the survey's page on magnitudes
    sky = get_image_type("luptitude")(np.zeros((1, 5, 4, 4), dtype=np.float32))[0, :, 0, 0]
    np.testing.assert_allclose(sky, [24.63, 25.11, 24.80, 24.36, 22.83], atol=0.01)
    # far above the softening they are Pogson's
    flux = np.full((1, 5, 4, 4), 1000.0, dtype=np.float32)
    bright = get_image_type("luptitude:zg")(flux)[0, :, 0, 0]
    np.testing.assert_allclose(bright, 22.5 - 2.5 * 3, atol=1e-4)


def test_colours_are_ratios_of_bands() -> None:
    flux = np.zeros((1, 5, 4, 4), dtype=np.float32)
    flux[0, :, :2] = np.array([1e3, 2e3, 8e3, 8e3, 4e3])[:, None, None]
    colours = get_image_type("colours:ugriz")(flux)[0]
    expected = 2.5 * np.log10([2, 4, 1, 0.5])
    np.testing.assert_allclose(colours[:, 0, 0], expected, atol=1e-4)
    np.testing.assert_array_equal(colours[:, 3], 0)
