"""Cutouts of real and simulated fields against astropy and the archive's own measurements."""

from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
from astropy.nddata import Cutout2D
from astropy.table import Table

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, SurveyError
from skyclass.images.cutout import cut_frames, cut_image
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.runners import use_threads
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.surveys.sdss.layout import BANDS, Field
from skyclass.surveys.sdss.reader import open_field


@pytest.fixture(scope="module")
def real_field(real_data: Path):
    return open_field(real_data / "sdss" / "frames", Field(301, 4510, 4, 30))


@pytest.fixture(scope="module")
def real_stars(real_data: Path, real_field) -> Table:
    stars = Table.read(real_data / "sdss" / "calibObj-004510-4-star.fits.gz")
    x, y = real_field[2].pixel(np.array(stars["RA"]), np.array(stars["DEC"]))
    return stars[(x > 0) & (x < 2047) & (y > 64) & (y < 1425)]


def cut(frames, stars: Table, size: int = 64):
    return cut_frames(frames, np.array(stars["RA"]), np.array(stars["DEC"]), size)


@pytest.mark.parametrize("size", [63, 64])
def test_every_band_equals_cutout2d(real_field, real_stars, size: int) -> None:
    ours = cut(real_field, real_stars, size)
    for band, frame in enumerate(real_field):
        x, y = frame.pixel(np.array(real_stars["RA"]), np.array(real_stars["DEC"]))
        for i in range(0, len(x), 7):
            theirs = Cutout2D(frame.data, (x[i], y[i]), size, mode="partial", fill_value=0).data
            np.testing.assert_array_equal(ours.flux[i, band], theirs)


def test_positions_agree_with_the_archive(real_field, real_stars) -> None:
    # COLC and ROWC count from a pixel's corner, 0.5 pixel before its centre
    x, y = real_field[2].pixel(np.array(real_stars["RA"]), np.array(real_stars["DEC"]))
    col, row = (np.array(real_stars[name]) for name in ("COLC", "ROWC"))
    if col.ndim == 2:
        col, row = col[:, 2], row[:, 2]
    apart = 0.396 * np.hypot(x - (col - 0.5), y - (row - 0.5))
    assert np.median(apart) < 0.05
    assert np.percentile(apart, 95) < 0.2


def test_objects_lie_at_their_offsets(real_field, real_stars) -> None:
    ours = cut(real_field, real_stars)
    assert np.abs(ours.offset).max() <= 0.5
    bright = np.flatnonzero(np.array(real_stars["PSFFLUX"])[:, 2] > 30)
    y, x = np.mgrid[:64, :64] - 31.5
    for band in (1, 2, 3):
        measured = []
        for i in bright:
            near = np.hypot(x - ours.offset[i, band, 1], y - ours.offset[i, band, 0]) < 5
            light = np.where(near, ours.flux[i, band], 0)
            measured.append([np.sum(axis * light) / light.sum() for axis in (y, x)])
        apart = np.array(measured) - ours.offset[bright, band]
        assert np.median(np.abs(apart)) < 0.1


def test_aperture_fluxes_agree_with_psfflux(real_field, real_stars) -> None:
    ours = cut(real_field, real_stars)
    measured = aperture_flux(ours.flux, ours.offset)
    expected = np.array(real_stars["PSFFLUX"])
    error = 1 / np.sqrt(np.array(real_stars["PSFFLUX_IVAR"]))
    for band, name in enumerate(BANDS):
        good = (expected / error)[:, band] > 30
        assert good.sum() >= (1 if name == "z" else 16), name
        ratio = np.median(measured[good, band] / expected[good, band])
        assert abs(ratio - 1) < (0.08 if name == "u" else 0.05), (name, ratio)


def test_edges_are_padded_and_masked() -> None:
    image = np.arange(100, dtype=np.float32).reshape(10, 10)
    pixels, mask = cut_image(image, np.array([0.0]), np.array([9.0]), 4)
    expected = np.zeros((4, 4))
    expected[:3, 2:] = image[7:10, :2]
    np.testing.assert_array_equal(pixels[0], expected)
    np.testing.assert_array_equal(~mask[0], expected > 0)


def test_stored_cutouts_equal_the_frames(small_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(small_survey / "catalog.csv", "spectral-class").table
    frames = small_survey / "frames"
    info = make_cutouts(catalog, frames, tmp_path / "c")
    assert info.simulated
    stored = datasets.load_from_disk(str(tmp_path / "c"))
    assert sum(len(stored[s]) for s in stored) + info.off_frame == len(catalog)
    test = stored["test"]
    ours = open_cutouts(tmp_path / "c")["test"]
    row = test[4]
    np.testing.assert_array_equal(ours.take(np.array([4]))[0], np.float32(row["flux"]))
    source = catalog[catalog["specobjid"] == int(row["specobjid"])].iloc[0]
    assert source["label"] == test.features["label"].int2str(row["label"])
    field = Field(*(int(source[k]) for k in ("rerun", "run", "camcol", "field")))
    again = cut_frames(open_field(frames, field), [source["ra"]], [source["dec"]], 64)
    np.testing.assert_array_equal(again.flux[0], np.float32(row["flux"]))
    np.testing.assert_array_equal(again.mask[0], np.array(row["mask"]))
    with pytest.raises(ImageError, match="another catalogue or made by other rules"):
        make_cutouts(catalog, frames, tmp_path / "c", CutoutConfig(size=32))


def test_nothing_is_left_where_there_are_no_frames(small_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(small_survey / "catalog.csv", "spectral-class").table
    with pytest.raises(SurveyError, match="nowhere does not exist"):
        make_cutouts(catalog, tmp_path / "nowhere", tmp_path / "c")
    assert not list(tmp_path.iterdir())
    (tmp_path / "c").mkdir()
    with pytest.raises(ImageError, match="holds something other than cutouts"):
        make_cutouts(catalog, small_survey / "frames", tmp_path / "c")


def test_a_finished_field_is_not_cut_again(small_survey: Path, tmp_path: Path, monkeypatch) -> None:
    import skyclass.images.cut_field as module

    catalog = build_catalog(small_survey / "catalog.csv", "spectral-class").table
    opened: list[Field] = []
    real = module.open_field

    def counting(root: Path, field: Field, *rest, **options):
        opened.append(field)
        if len(opened) == 2:
            raise KeyboardInterrupt
        return real(root, field, *rest, **options)

    monkeypatch.setattr(module, "open_field", counting)
    arguments = (catalog, small_survey / "frames", tmp_path / "c")
    with pytest.raises(KeyboardInterrupt):
        make_cutouts(*arguments, runner=use_threads(1))
    assert not (tmp_path / "c").exists()
    make_cutouts(*arguments, runner=use_threads(1))
    assert len(opened) == 3
    whole = pd.concat(
        [
            datasets.load_from_disk(str(tmp_path / "c"))[s].to_pandas()[["ra"]]
            for s in ("train", "validation", "test")
        ]
    )
    assert len(whole) == len(catalog)
