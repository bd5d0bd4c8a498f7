"""Image types that preserve colour: magnitudes, colours, and what percentiles lose."""

import numpy as np
import torch

from images.sky import cutouts
from skyclass.images.registry import get_image_type


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
