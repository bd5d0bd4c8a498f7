"""Cutouts that leave their frame, and pixels that are no measurement."""

import bz2
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sep
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.errors import MissingFrameError, SkyclassError
from skyclass.images.cut_field import cut_field
from skyclass.images.cutout import cut_frames
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import read_info
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields, find_frame
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS

STEP = 1361
"""Rows from one field to the next."""


@pytest.fixture(scope="module")
def pair(small_survey: Path) -> tuple[Path, Field, Field]:
    """Give the frames and two consecutive fields of one scan."""
    frames = small_survey / "frames"
    first, second = find_fields([frames])
    assert (first.run, first.camcol, first.field + 1) == (second.run, second.camcol, second.field)
    return frames, first, second


def places(frames: Path, field: Field, rows: list[float]) -> tuple[np.ndarray, np.ndarray]:
    wcs = open_field(frames, field)[2].wcs
    ra, dec = wcs.all_pix2world(np.linspace(300, 1700, len(rows)), rows, 0)
    return np.asarray(ra), np.asarray(dec)


def test_across_the_seam_as_from_one_larger_image(pair) -> None:
    frames, first, second = pair
    one, other = open_field(frames, first), open_field(frames, second)
    for field, rows, shift in ((first, [1470.0, 1440.0], 0), (second, [5.0, 40.0], STEP)):
        ra, dec = places(frames, field, rows)
        cutouts, simulated = cut_field(frames, field, ra, dec, CutoutConfig(size=200), SDSS)
        assert simulated
        assert not cutouts.mask.any()
        for band in range(5):
            whole = np.concatenate([one[band].data, other[band].data[128:]])
            if shift:
                whole = np.concatenate([one[band].data[:STEP], other[band].data])
            wcs = (one, other)[shift > 0][band].wcs
            x, y = wcs.all_world2pix(ra, dec, 0)
            for i in range(len(ra)):
                expected = Cutout2D(whole, (x[i], y[i] + shift), 200).data
                np.testing.assert_array_equal(cutouts.flux[i, band], expected)


def test_neighbours_agree_where_the_seam_is(pair) -> None:
    frames, first, second = pair
    ra, dec = places(frames, first, [1400.0, 1450.0, 1488.0])
    for one, other in zip(open_field(frames, first), open_field(frames, second), strict=True):
        (x, y), (x2, y2) = one.pixel(ra, dec), other.pixel(ra, dec)
        np.testing.assert_allclose(x2, x, atol=0.02)
        np.testing.assert_allclose(y2, y - STEP, atol=0.02)


def test_without_a_neighbour_the_rest_is_masked(pair) -> None:
    frames, first, _ = pair
    ra, dec = places(frames, first, [5.3])
    cutouts, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    r = BANDS.index("r")
    assert cutouts.mask[0, r].sum() == 26 * 64
    assert (cutouts.flux[cutouts.mask] == 0).all()


def test_rows_that_are_not_needed_are_not_missed(pair) -> None:
    frames, first, _ = pair
    ra, dec = places(frames, first, [100.0, 300.0, 500.0])
    ours, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=63), SDSS)
    whole = cut_frames(open_field(frames, first), ra, dec, 63)
    np.testing.assert_array_equal(ours.flux, whole.flux)
    np.testing.assert_array_equal(ours.inside, whole.inside)


def copy_field(frames: Path, field: Field, to: Path, change=None) -> Path:
    for band in BANDS:
        path = find_frame(frames, field, band)
        target = to / path.name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
        if change and band == "g":
            with fits.open(target) as units:
                change(units[0])
                plain = target.with_suffix("")
                units.writeto(plain)
            target.write_bytes(bz2.compress(plain.read_bytes(), 1))
            plain.unlink()
    return to


def test_broken_pixels_are_masked_zeros(pair, tmp_path: Path) -> None:
    frames, first, _ = pair

    def change(unit) -> None:
        unit.data[700:703, 1000] = [np.nan, np.inf, -np.inf]

    folder = copy_field(frames, first, tmp_path / "f", change)
    g = BANDS.index("g")
    wcs = open_field(folder, first)[g].wcs
    ra, dec = wcs.all_pix2world([1000.0], [701.0], 0)
    cutouts, _ = cut_field(folder, first, ra, dec, CutoutConfig(size=9), SDSS)
    assert cutouts.mask[0, g, 3:6, 4].tolist() == [True] * 3
    assert cutouts.mask[0].sum() == 3
    assert np.isfinite(cutouts.flux).all()


def test_saturated_pixels_are_masked_when_asked(pair) -> None:
    frames, first, _ = pair
    frame = open_field(frames, first)[2]
    y, x = np.unravel_index(frame.data.argmax(), frame.data.shape)
    ra, dec = frame.wcs.all_pix2world([float(x)], [float(y)], 0)
    plain, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=33), SDSS)
    masked, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=33, saturated="mask"), SDSS)
    header = fits.getheader(find_frame(frames, first, "r"))
    level = 0.97 * 50631 * header["NMGY"]
    np.testing.assert_array_equal(plain.mask[:, 2] | (plain.flux[:, 2] >= level), masked.mask[:, 2])
    np.testing.assert_array_equal(plain.flux, masked.flux)


def test_background_is_the_median_of_the_rim(pair) -> None:
    frames, first, _ = pair
    ra, dec = places(frames, first, [700.0, 900.0])
    plain, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    flat, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64, background="local"), SDSS)
    rim = np.ones((64, 64), bool)
    rim[8:-8, 8:-8] = False
    for i in range(2):
        for band in range(5):
            image = plain.flux[i, band]
            expected = image - np.median(image[rim])
            np.testing.assert_allclose(flat.flux[i, band], expected, atol=1e-6)


def test_world_coordinates_at_the_object(pair) -> None:
    frames, first, _ = pair
    ra, dec = places(frames, first, [700.0])
    cutouts, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    frame = open_field(frames, first)[2]
    local = WCS(naxis=2)
    local.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    local.wcs.crval = [ra[0], dec[0]]
    local.wcs.crpix = [1.0, 1.0]
    local.wcs.cd = cutouts.cd[0]
    x, y = frame.pixel(ra, dec)
    there = frame.wcs.all_pix2world([x[0] + 30, x[0] - 20], [y[0] - 25, y[0] + 31], 0)
    found = local.all_world2pix(*there, 0)
    np.testing.assert_allclose(found, [[30, -20], [-25, 31]], atol=1e-3)


@pytest.fixture(scope="module")
def two_fields(small_survey: Path) -> pd.DataFrame:
    return build_catalog(small_survey / "catalog.csv", "spectral-class").table


def lacking(small_survey: Path, tmp_path: Path) -> Path:
    """Copy a survey's frames, less one band of one field."""
    frames = tmp_path / "frames"
    shutil.copytree(small_survey / "frames", frames)
    find_frame(frames, next(iter(find_fields([frames]))), "i").unlink()
    return frames


def test_a_missing_band(small_survey: Path, two_fields: pd.DataFrame, tmp_path: Path) -> None:
    frames = lacking(small_survey, tmp_path)
    with pytest.raises(MissingFrameError, match="has no i frame"):
        make_cutouts(two_fields, frames, tmp_path / "refused")
    field = min(two_fields["field"])
    there = two_fields["field"] != field
    dropped = make_cutouts(
        two_fields, frames, tmp_path / "dropped", CutoutConfig(missing_band="drop")
    )
    assert dropped.missing == (~there).sum()
    masked = make_cutouts(
        two_fields, frames, tmp_path / "masked", CutoutConfig(missing_band="mask")
    )
    assert masked.missing == 0
    import datasets

    rows = datasets.concatenate_datasets(
        list(datasets.load_from_disk(str(tmp_path / "masked")).values())
    ).with_format("numpy")
    assert set(rows["field"]) == set(two_fields["field"])
    chosen = rows.select(np.flatnonzero(np.asarray(rows["field"]) == field)[:20])
    assert chosen[:]["mask"][:, BANDS.index("i")].all()
    assert not chosen[:]["flux"][:, BANDS.index("i")].any()
    assert chosen[:]["flux"][:, BANDS.index("r")].any()


def test_half_the_space(small_survey: Path, two_fields: pd.DataFrame, tmp_path: Path) -> None:
    from skyclass.images.stored_cutouts import open_cutouts

    frames = small_survey / "frames"
    make_cutouts(two_fields, frames, tmp_path / "full", CutoutConfig(size=32))
    make_cutouts(two_fields, frames, tmp_path / "half", CutoutConfig(size=32, dtype="float16"))
    full, half = (open_cutouts(tmp_path / n)["test"] for n in ("full", "half"))
    rows = np.arange(len(full))
    one, other = full.take(rows), half.take(rows)
    assert other.dtype == np.float32
    # 11 bits, and fluxes below the smallest normal number in steps of 2**-24
    np.testing.assert_allclose(other, one, rtol=2**-11, atol=2**-25)
    assert read_info(tmp_path / "half").size == 32


def test_all_bands_on_one_grid(pair) -> None:
    frames, first, _ = pair
    opened = open_field(frames, first)
    ra, dec = bright_stars(opened)
    own, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64), SDSS)
    common, _ = cut_field(frames, first, ra, dec, CutoutConfig(size=64, grid="common"), SDSS)
    assert not common.offset.any()
    assert common.inside.all()
    before = aperture_flux(own.flux, own.offset, 8.0)
    after = aperture_flux(common.flux, common.offset, 8.0)
    # the sampling's own error is below 0.3 %; the rest is the noise of the sky in the aperture
    rim = np.concatenate([own.flux[..., :4, :], own.flux[..., -4:, :]], axis=2)
    spread = np.diff(np.quantile(rim, [0.16, 0.84], axis=(2, 3)), axis=0)[0] / 2
    noise = spread * np.sqrt(np.pi) * 8.0
    assert (np.abs(after - before) < 0.003 * before + 2.0 * noise).all()
    # north is up and the object at the centre, in all bands alike
    y, x = np.mgrid[:64, :64] - 31.5
    near = np.hypot(y, x) < 5
    for band in (1, 2, 3):
        light = np.where(near, common.flux[:, band], 0)
        for axis in (y, x):
            assert np.abs((light * axis).sum((1, 2)) / light.sum((1, 2))).max() < 0.05


def bright_stars(frames, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Find bright, isolated and unsaturated stars of a field, away from the edges."""
    r = frames[2].data
    found = sep.extract(r, 10.0, err=float(np.std(r[r < np.percentile(r, 90)])))
    x, y = found["x"], found["y"]
    apart = np.sort(np.hypot(x[:, None] - x, y[:, None] - y), axis=1)[:, 1]
    inside = (np.abs(x - 1024) < 900) & (np.abs(y - 744) < 600)
    round_ = found["b"] / found["a"] > 0.9
    good = np.flatnonzero(
        inside & (apart > 30) & round_ & (found["peak"] < frames[2].saturation / 4)
    )
    chosen = good[np.argsort(found["peak"][good])[-count:]]
    return frames[2].wcs.all_pix2world(x[chosen], y[chosen], 0)


@pytest.mark.parametrize("size", [7, 600, -1])
def test_sizes_that_cannot_be(size: int) -> None:
    with pytest.raises(ValueError, match=r"size|greater"):
        CutoutConfig(size=size)


def test_arcsec() -> None:
    assert CutoutConfig(size=25.344, unit="arcsec").count_pixels(SDSS.pixel_scale) == 64


def test_a_frame_of_another_size(pair, tmp_path: Path) -> None:
    frames, first, _ = pair

    def change(unit) -> None:
        unit.data = unit.data[:, :1000]

    folder = copy_field(frames, first, tmp_path / "f", change)
    with pytest.raises(SkyclassError, match="differ in size; download them again"):
        open_field(folder, first)
