"""Stored cutouts against the frames they were cut from."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.images.cutout import cut_frames
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.runners import use_threads
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measure_field import measure_field
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields, find_frame
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS


def test_stored_cutouts_equal_the_frames(plain_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    frames = plain_survey / "frames"
    info = make_cutouts(catalog, frames, tmp_path / "c")
    assert info.simulated
    assert read_info(tmp_path / "c").rules == CutoutConfig()
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
    # what was measured on the whole frames of the field lies beside it
    measured = measure_field(
        open_field(frames, field), np.array([source["ra"]]), np.array([source["dec"]]), SDSS
    )
    assert row["psf_flux"][2] == pytest.approx(measured.psf_flux[0, 2], rel=0.01)
    assert row["flags"] == ours.measurement().flags[4].tolist()
    magnitudes = pd.Series(22.5 - 2.5 * np.log10(ours.measurement().psf_flux[:, 2]))
    objects = catalog.set_index("specobjid").loc[[int(n) for n in test["specobjid"]]]
    apart = magnitudes - objects["psfMag_r"].to_numpy(np.float64)
    assert apart.abs().median() < 0.05


def test_measured_on_the_cutouts_alone(plain_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    one_field = catalog[catalog["field"] == catalog["field"].min()]
    rules = CutoutConfig(size=32, dtype="float16", background="local", measure="cutout")
    make_cutouts(one_field, plain_survey / "frames", tmp_path / "c", rules)
    split = open_cutouts(tmp_path / "c")["train"]
    (_, stored), *_ = split.read_batches(len(split))
    again = measure_cutouts(
        stored["flux"].astype(np.float32), stored["offset"], SDSS, mask=stored["mask"]
    )
    found = split.measurement(np.array([3, 1]))
    for name, values in vars(again.take(np.array([3, 1]))).items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-5, err_msg=name)


def test_cutouts_without_a_measurement(plain_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    one_field = catalog[catalog["field"] == catalog["field"].min()]
    rules = CutoutConfig(size=16, measure="off")
    make_cutouts(one_field, plain_survey / "frames", tmp_path / "c", rules)
    assert open_cutouts(tmp_path / "c")["train"].measurement() is None
    # cutouts of an earlier version say nothing of it
    file = tmp_path / "c" / "skyclass.json"
    values = json.loads(file.read_text())
    del values["rules"]["measure"]
    file.write_text(json.dumps(values))
    assert read_info(tmp_path / "c").rules == rules


def test_nothing_is_left_where_there_are_no_frames(plain_survey: Path, tmp_path: Path) -> None:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    with pytest.raises(SurveyError, match="nowhere does not exist"):
        make_cutouts(catalog, tmp_path / "nowhere", tmp_path / "c")
    assert not list(tmp_path.iterdir())
    (tmp_path / "c").mkdir()
    with pytest.raises(ImageError, match="holds something other than cutouts"):
        make_cutouts(catalog, plain_survey / "frames", tmp_path / "c")


def test_a_finished_field_is_not_cut_again(plain_survey: Path, tmp_path: Path, monkeypatch) -> None:
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    opened: list[Field] = []

    def counting(root: Path, field: Field, *rest, **options):
        opened.append(field)
        if len(opened) == 2:
            raise KeyboardInterrupt
        return SDSS.open_unit(root, field, *rest, **options)

    counted = replace(SDSS, open_unit=counting)
    monkeypatch.setattr("skyclass.images.make_cutouts.get_survey", lambda _: counted)
    arguments = (catalog, plain_survey / "frames", tmp_path / "c")
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


@pytest.fixture(scope="module")
def two_fields(plain_survey: Path) -> pd.DataFrame:
    return build_catalog(plain_survey / "catalog.csv", "spectral-class").table


def remove_a_frame(plain_survey: Path, tmp_path: Path) -> Path:
    """Copy a survey's frames, less one band of one field."""
    frames = tmp_path / "frames"
    shutil.copytree(plain_survey / "frames", frames)
    find_frame(frames, next(iter(find_fields([frames]))), "i").unlink()
    return frames


def test_a_missing_band(plain_survey: Path, two_fields: pd.DataFrame, tmp_path: Path) -> None:
    frames = remove_a_frame(plain_survey, tmp_path)
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
    rows = datasets.concatenate_datasets(
        list(datasets.load_from_disk(str(tmp_path / "masked")).values())
    ).with_format("numpy")
    assert set(rows["field"]) == set(two_fields["field"])
    chosen = rows.select(np.flatnonzero(np.asarray(rows["field"]) == field)[:20])
    assert chosen[:]["mask"][:, BANDS.index("i")].all()
    assert not chosen[:]["flux"][:, BANDS.index("i")].any()
    assert chosen[:]["flux"][:, BANDS.index("r")].any()


def test_half_the_space(plain_survey: Path, two_fields: pd.DataFrame, tmp_path: Path) -> None:
    frames = plain_survey / "frames"
    make_cutouts(two_fields, frames, tmp_path / "full", CutoutConfig(size=32))
    make_cutouts(two_fields, frames, tmp_path / "half", CutoutConfig(size=32, dtype="float16"))
    full, half = (open_cutouts(tmp_path / n)["test"] for n in ("full", "half"))
    rows = np.arange(len(full))
    one, other = full.take(rows), half.take(rows)
    assert other.dtype == np.float32
    # 11 bits, and fluxes below the smallest normal number in steps of 2**-24
    np.testing.assert_allclose(other, one, rtol=2**-11, atol=2**-25)
    assert read_info(tmp_path / "half").size == 32
