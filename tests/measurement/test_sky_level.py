"""The sky of images of which it is known."""

import numpy as np
import pytest

from skyclass.measurement.sky_level import measure_sky
from support.painted_frame import paint_light

NOTHING = np.zeros(0)


@pytest.mark.parametrize("count", [0.1, 0.5])
def test_whole_counts_do_not_shift_the_level(count: float) -> None:
    """Pixels in steps of half the noise, as in a u frame, whose median is off by a tenth of it."""
    image = np.random.default_rng(1).normal(0.17, 1.0, (512, 640))
    image = (np.rint(image / count) * count).astype(np.float32)
    sky = measure_sky(image, NOTHING, NOTHING)
    assert sky.level.shape == (4, 5)
    np.testing.assert_allclose(sky.level, 0.17, atol=0.02)
    assert sky.noise == pytest.approx(np.hypot(1.0, count / np.sqrt(12)), rel=0.02)


def test_a_gradient_is_followed() -> None:
    y, x = np.mgrid[:512, :512]
    image = 1e-3 * y - 2e-3 * x + np.random.default_rng(2).normal(0, 0.3, y.shape)
    sky = measure_sky(image.astype(np.float32), NOTHING, NOTHING)
    at = np.array([200.0, 300.0]), np.array([180.0, 310.0])
    np.testing.assert_allclose(sky.interpolate(*at), 1e-3 * at[0] - 2e-3 * at[1], atol=0.02)


def test_sources_and_missing_pixels_do_not_count() -> None:
    rng = np.random.default_rng(3)
    rows, columns = rng.uniform(0, 512, (2, 150))
    light = paint_light(512, rows, columns, 10 ** rng.uniform(0, 3, 150), 3.0)
    image = (light + rng.normal(0, 0.1, light.shape)).astype(np.float32)
    image[100:103] = np.nan
    sky = measure_sky(image, rows, columns)
    np.testing.assert_allclose(sky.level, 0.0, atol=0.01)
    assert sky.noise == pytest.approx(0.1, rel=0.08)


def test_a_tiny_image() -> None:
    sky = measure_sky(np.full((2, 3), 0.5, np.float32), NOTHING, NOTHING)
    assert sky.level.tolist() == [[0.5]]
