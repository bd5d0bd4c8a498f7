"""Fluxes of overlapping sources against a direct solution of the least-squares problem."""

import numpy as np

from skyclass.measurement.joint_fit import fit_jointly, inflate_variance, number_pixels
from skyclass.measurement.psf_model import make_moffat_psf
from skyclass.measurement.stamps import cut_stamps

SIZE, HALF, FWHM = 60, 7, 3.0


def draw_design(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw each source of flux 1 in its own square of an image, `[n, pixel]`, and its stamps."""
    model = make_moffat_psf(FWHM, (SIZE, SIZE), 19.0)
    stamps = cut_stamps(np.zeros((SIZE, SIZE), np.float32), y, x, HALF)
    psf = model.evaluate(y, x, stamps.dy, stamps.dx)
    design = np.zeros((len(y), SIZE, SIZE))
    for row, (top, left) in enumerate(zip(np.rint(y) - HALF, np.rint(x) - HALF, strict=True)):
        side = 2 * HALF + 1
        design[row, int(top) : int(top) + side, int(left) : int(left) + side] = psf[row]
    return design.reshape(len(y), -1), psf


def test_fluxes_and_variances_are_those_of_a_direct_solution() -> None:
    rng = np.random.default_rng(2)
    y, x = rng.uniform(15, 45, (2, 9))
    y[1], x[1] = y[0] + 0.8 * FWHM, x[0]
    flux = rng.uniform(5, 50, 9)
    design, psf = draw_design(y, x)
    image = (flux @ design + rng.normal(0, 0.1, SIZE**2)).reshape(SIZE, SIZE).astype(np.float32)
    stamps = cut_stamps(image, y, x, HALF)
    pixel = number_pixels(stamps, y, x)
    fitted = fit_jointly(stamps, psf, pixel, np.zeros(9), noise=0.1)
    direct = np.linalg.lstsq(design.T, image.ravel(), rcond=None)[0]
    error = 0.1 * np.sqrt(np.diag(np.linalg.inv(design @ design.T)))
    np.testing.assert_array_less(np.abs(fitted - direct), 0.2 * error)
    alone = 0.1 / np.sqrt((design**2).sum(axis=1))
    inflated = np.sqrt(inflate_variance(y, x, make_moffat_psf(FWHM, (SIZE, SIZE), 19.0)))
    np.testing.assert_allclose(inflated, error / alone, rtol=0.05)
    assert inflated[:2].min() > 1.2


def test_a_source_without_pixels() -> None:
    y, x = np.array([20.0, -50.0]), np.array([20.0, 20.0])
    _, psf = draw_design(np.array([20.0]), np.array([20.0]))
    stamps = cut_stamps(np.full((SIZE, SIZE), 1e-3, np.float32), y, x, HALF)
    fitted = fit_jointly(
        stamps, psf.repeat(2, 0), number_pixels(stamps, y, x), np.zeros(2), noise=0.1
    )
    assert np.isfinite(fitted[0])
    assert np.isnan(fitted[1])
