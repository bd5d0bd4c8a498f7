"""Registration against closed forms, scipy and real stars."""

from pathlib import Path

import numpy as np
import pytest
import sep
import torch
from astropy.table import Table
from scipy import ndimage, special

from images.sky import centroid, cutouts, star
from skyclass.errors import ImageError
from skyclass.images.align_bands import align_bands
from skyclass.images.cutout import cut_frames
from skyclass.images.renderer import Renderer
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import open_field

MIDDLE = 31.5


def align(images: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return align_bands(torch.tensor(images), torch.tensor(offset)).numpy()


def test_stars_come_to_the_centre() -> None:
    offset = np.random.default_rng(1).uniform(-0.5, 0.5, (40, 5, 2))
    images = np.array([[star(tuple(o)) for o in bands] for bands in offset])
    after = align(images, offset)
    peak = images.max()
    assert np.abs(after - star((0, 0))).max() < 0.003 * peak
    np.testing.assert_allclose(after.sum((2, 3)), 1, atol=1e-4)
    assert np.abs([centroid(image) for image in after[:, 0]]).max() < 0.01


def test_band_limited_images_move_as_in_scipy() -> None:
    rng = np.random.default_rng(2)
    images = ndimage.gaussian_filter(rng.normal(size=(3, 5, 64, 64)), (0, 0, 1.8, 1.8))
    offset = rng.uniform(-0.5, 0.5, (3, 5, 2))
    after = align(images, offset)
    inner = np.s_[8:-8, 8:-8]
    for i, band in np.ndindex(3, 5):
        expected = ndimage.shift(images[i, band], -offset[i, band], order=5, mode="mirror")
        apart = np.abs(after[i, band][inner] - expected[inner]).max()
        assert apart < 0.01 * images.std()


def test_the_kernel_is_a_sinc_in_a_kaiser_window() -> None:
    impulse = np.zeros((1, 1, 15, 15))
    impulse[..., 7, 7] = 1
    for y, x in ((0.0, 0.5), (-0.37, 0.21)):
        kernels = []
        for moved in (y, x):
            distance = np.arange(-3, 4) + moved
            inside = np.clip(1 - (distance / 3) ** 2, 0, None)
            window = special.i0(5 * np.sqrt(inside)) * (inside > 0)
            kernels.append(np.sinc(distance) * window)
        expected = np.outer(*(kernel / kernel.sum() for kernel in kernels))
        after = align(impulse, np.array([[[y, x]]]))[0, 0, 4:11, 4:11]
        np.testing.assert_allclose(after, expected, atol=1e-12)
        single = align(impulse.astype(np.float32), np.array([[[y, x]]], dtype=np.float32))
        np.testing.assert_allclose(single[0, 0, 4:11, 4:11], expected, atol=1e-6)


def test_nothing_to_move_changes_nothing() -> None:
    flux = cutouts(3)
    after = align(flux, np.zeros((3, 5, 2), dtype=np.float32))
    np.testing.assert_allclose(after, flux, atol=1e-6 * flux.max())


def test_large_batches_equal_small_ones() -> None:
    flux = np.tile(cutouts(2, 16), (80, 1, 1, 1))
    offset = np.random.default_rng(3).uniform(-0.5, 0.5, (160, 5, 2)).astype(np.float32)
    whole = align(flux, offset)
    parts = np.concatenate([align(flux[i : i + 7], offset[i : i + 7]) for i in range(0, 160, 7)])
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_colour_types_register_and_legacy_types_do_not() -> None:
    flux = torch.from_numpy(cutouts(2))
    offset = torch.full((2, 5, 2), 0.4)
    for name in ("ugriz", "lupton:irg", "luptitude", "colours"):
        assert Renderer(name).registration == "shift"
        assert not torch.equal(Renderer(name)(flux, offset), Renderer(name, "none")(flux))
    for name in ("gri", "urz", "gri+urz", "grey:r", "grey:each", "rgb:rgu"):
        assert Renderer(name).registration == "none"
        torch.testing.assert_close(Renderer(name)(flux, offset), Renderer(name)(flux))
    assert not torch.equal(Renderer("gri", "shift")(flux, offset), Renderer("gri")(flux))


def test_only_the_bands_of_the_type_are_moved_by_their_own_offsets() -> None:
    offset = np.random.default_rng(5).uniform(-0.5, 0.5, (4, 5, 2)).astype(np.float32)
    flux = np.array([[star(tuple(o)) for o in bands] for bands in offset], dtype=np.float32)
    registered = Renderer("asinh:zu").align(torch.tensor(flux), torch.tensor(offset)).numpy()
    assert registered.shape == (4, 2, 64, 64)
    assert np.abs(registered - star((0, 0))).max() < 0.003 * flux.max()


def test_offsets_are_required() -> None:
    with pytest.raises(ImageError, match='pass the objects\' offsets, or registration="none"'):
        Renderer("ugriz")(torch.zeros(1, 5, 16, 16))
    with pytest.raises(ImageError, match="did you mean 'shift'"):
        Renderer("ugriz", "shfit")


@pytest.fixture(scope="module")
def real_stars(real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Isolated, unsaturated stars of a real field, bright in g, r, i and z."""
    frames = open_field(real_data / "sdss" / "frames", Field(301, 4510, 4, 30))
    stars = Table.read(real_data / "sdss" / "calibObj-004510-4-star.fits.gz")
    ra, dec, flux = (np.array(stars[name]) for name in ("RA", "DEC", "PSFFLUX"))
    x, y = frames[2].pixel(ra, dec)
    inside = (x > 40) & (x < 2008) & (y > 64) & (y < 1425)
    good = inside & (flux[:, 1:].min(axis=1) > 15) & (flux[:, 1:].max(axis=1) < 1500)
    near = np.hypot(x[:, None] - x[inside], y[:, None] - y[inside])
    alone = np.sort(near, axis=1)[:, 1] > 30
    chosen = good & alone
    cut = cut_frames(frames, ra[chosen], dec[chosen], 64)
    return cut.flux, cut.offset


def places(flux: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Measure windowed centroids in g, r, i, z, `[n, 4, 2]` in x and y."""
    return np.array(
        [
            [
                sep.winpos(
                    np.ascontiguousarray(flux[i, b]),
                    MIDDLE + offset[i, b, 1],
                    MIDDLE + offset[i, b, 0],
                    1.5,
                )[:2]
                for b in range(1, 5)
            ]
            for i in range(len(flux))
        ],
        dtype=float,
    )


def test_real_stars_agree_between_bands(real_stars) -> None:
    flux, offset = real_stars
    assert len(flux) >= 10
    nothing = np.zeros_like(offset)
    before, after = places(flux, offset), places(align(flux, offset), nothing)
    apart = [np.hypot(*np.moveaxis(p - p[:, [1]], 2, 0))[:, [0, 2, 3]] for p in (before, after)]
    assert np.median(apart[0]) > 0.25
    assert np.median(apart[1], axis=0).max() < 0.1


def test_real_stars_keep_their_flux(real_stars) -> None:
    flux, offset = real_stars
    after = align(flux, offset)
    for band in range(1, 5):
        sums = [
            [
                sep.sum_circle(
                    np.ascontiguousarray(image), [MIDDLE + o[1]], [MIDDLE + o[0]], 10.0, subpix=0
                )[0][0]
                for image, o in zip(images[:, band], offsets, strict=True)
            ]
            for images, offsets in ((flux, offset[:, band]), (after, 0 * offset[:, band]))
        ]
        change = np.array(sums[1]) / np.array(sums[0]) - 1
        assert np.abs(change).max() < 0.005, change
