"""Image types against astropy and numpy."""

import numpy as np
import pytest
import torch
from astropy.visualization import make_lupton_rgb

from skyclass.errors import ImageError
from skyclass.images import get_image_type, image_types, render


def cutouts(n: int = 12) -> np.ndarray:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:64, :64]
    star = np.exp(-((x - 31.6) ** 2 + (y - 32.1) ** 2) / 6)
    flux = rng.normal(0, 0.05, (n, 5, 64, 64)) + 10 ** rng.uniform(-1, 2, (n, 5, 1, 1)) * star
    return flux.astype(np.float32)


def reference(bands: np.ndarray) -> np.ndarray:
    scaled = []
    for band in bands:
        low, high = np.percentile(band, [1, 99])
        scaled.append(np.clip((band - low) / (high - low), 0, 1))
    with np.errstate(invalid="ignore"):
        return make_lupton_rgb(*scaled, Q=8, stretch=0.02)


@pytest.mark.parametrize(("name", "index"), [("gri", [1, 2, 3]), ("urz", [0, 2, 4])])
def test_composites_equal_astropy(name: str, index: list[int]) -> None:
    flux = cutouts()
    expected = np.stack([reference(one[index]) for one in flux]).astype(int)
    assert np.abs(render(flux, name).astype(int) - expected).max() <= 1


def test_side_by_side_is_both() -> None:
    flux = cutouts()
    both = render(flux, "gri+urz")
    assert both.shape == (12, 64, 128, 3)
    np.testing.assert_array_equal(both[:, :, :64], render(flux, "gri"))
    np.testing.assert_array_equal(both[:, :, 64:], render(flux, "urz"))


def test_calibrated_bands_keep_colour_and_composites_do_not() -> None:
    flux = torch.from_numpy(cutouts())
    redder = flux * torch.tensor([1.0, 1.0, 2.0, 4.0, 8.0])[:, None, None]
    same = get_image_type("gri")
    torch.testing.assert_close(same(flux), same(redder), atol=2 / 255, rtol=0)
    kept = get_image_type("ugriz")
    np.testing.assert_allclose(kept(flux), np.arcsinh(flux.numpy() / 0.1), rtol=1e-5, atol=1e-6)
    assert (kept(redder) - kept(flux)).abs().max() > 1


def test_unknown_name() -> None:
    assert image_types() == ("gri", "urz", "gri+urz", "ugriz")
    with pytest.raises(ImageError, match="did you mean 'ugriz'"):
        get_image_type("ugrizz")
