"""A saved model checked against labels: cutouts, positions and arrays of the same objects agree."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.catalog_file import list_classes
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig, SplitConfig
from skyclass.errors import SkyclassError
from skyclass.images.array_cutouts import CutoutArrays, fit_size
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.measured_features import fit_measured_scaling
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.pipeline.evaluate_labels import evaluate
from skyclass.surveys.sdss.layout import BANDS

SIZE = 24


@pytest.fixture(scope="module")
def world(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Make a model, cutouts of which a part is for testing, and the same as arrays and tables."""
    folder = tmp_path_factory.mktemp("labelled")
    raw = pd.read_csv(plain_survey / "catalog.csv")
    catalog = build_catalog(raw, "spectral-class", split=SplitConfig(test=0.3)).table
    rules, frames = CutoutConfig(size=SIZE, measure="cutout"), plain_survey / "frames"
    make_cutouts(catalog, frames, folder / "cutouts", rules)
    split = open_cutouts(folder / "cutouts")["test"]
    labels = list_classes(catalog)
    torch.manual_seed(1)
    spec = ModelSpec(
        "spectral-class", labels, "ugriz", "compact", SIZE, BANDS, "nanomaggy", True, "shift", rules
    )
    spec = replace(spec, measured=BANDS)
    measurement = split.measurement()
    assert measurement is not None
    scaling = fit_measured_scaling(make_measured_inputs(measurement, spec), shape=True)
    save_model(Classifier(replace(spec, measured_scaling=scaling)), folder / "model")
    objects = catalog.set_index(catalog["specobjid"].astype("string"))
    table = objects.loc[split.column("specobjid")].reset_index(drop=True).drop(columns="split")
    table["star"] = np.arange(len(table)) // 3
    table.drop(columns="label").to_csv(folder / "objects.csv", index=False)
    named = pd.DataFrame({"kind": table["label"], "ra": table["ra"], "dec": table["dec"]})
    dust = table[[f"extinction_{band}" for band in BANDS]]
    named.assign(star=table["star"], **dust).to_csv(folder / "named.csv", index=False)
    ((_, batch),) = split.read_batches(len(split), ("flux", "mask"))
    flux = np.where(batch["mask"], np.nan, batch["flux"])
    np.savez(folder / "arrays.npz", flux=flux, offset=split.offsets())
    return {"folder": folder, "frames": frames, "table": table}


def read(out: Path) -> pd.DataFrame:
    predictions = pd.read_parquet(out / "predictions.parquet")
    return predictions.sort_values(["ra", "dec"], ignore_index=True)


def test_cutouts_positions_and_arrays_give_the_same(world: dict[str, Any], tmp_path: Path) -> None:
    folder, frames = world["folder"], world["frames"]
    model, objects = folder / "model", folder / "objects.csv"
    ways: dict[str, dict[str, Any]] = {
        "cutouts": {"data": folder / "cutouts", "table": objects, "group": "field"},
        "positions": {"data": objects, "frames": frames, "group": "field"},
        "arrays": {"data": folder / "arrays.npz", "table": objects, "group": "field"},
        "named": {"data": folder / "arrays.npz", "table": folder / "named.csv", "label": "kind"},
    }
    results = {name: evaluate(model, out=tmp_path / name, **way) for name, way in ways.items()}
    first = read(tmp_path / "cutouts")
    shares = [name for name in first if name.startswith("p_")]
    for name in ways:
        table = read(tmp_path / name)
        assert table["label"].tolist() == first["label"].tolist()
        np.testing.assert_allclose(table[shares], first[shares], atol=2e-6)
        assert results[name].report.exists()
    metrics = results["cutouts"].metrics
    assert metrics.test.accuracy == (first["label"] == first["predicted"]).mean()
    assert metrics.by_group is not None
    assert metrics.by_group.groups == 2
    assert results["positions"].metrics.by_group == metrics.by_group
    assert results["named"].metrics.by_group is None
    page = results["arrays"].report.read_text()
    assert "evaluation of a saved model" in page
    assert "Reproduce" not in page


def test_groups_have_one_weight_each(world: dict[str, Any], tmp_path: Path) -> None:
    folder = world["folder"]
    arrays, table = folder / "arrays.npz", folder / "objects.csv"
    result = evaluate(folder / "model", arrays, tmp_path / "out", table=table, group="star")
    predictions = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    right = (predictions["label"] == predictions["predicted"]).to_numpy(float)
    means = [right[start : start + 3].mean() for start in range(0, len(right), 3)]
    assert result.metrics.by_group is not None
    assert result.metrics.by_group.accuracy == pytest.approx(np.mean(means))
    assert result.metrics.test.groups == len(means)


def test_rows_without_a_class_of_the_model_are_counted(
    world: dict[str, Any], tmp_path: Path
) -> None:
    folder = world["folder"]
    table = world["table"].drop(columns="label").astype({"subclass": "str"})
    table.loc[[0, 1, 2], "subclass"] = ["WDhotter", "", "Carbon"]
    result = evaluate(folder / "model", folder / "arrays.npz", tmp_path / "out", table=table)
    report = result.metrics.catalog
    assert report.rows_in - report.rows_out == 3
    assert report.dropped == {"white dwarf": 1, "no subclass": 1, "carbon star": 1}


def test_a_cutout_without_a_pixel_gets_no_class(world: dict[str, Any], tmp_path: Path) -> None:
    folder, objects = world["folder"], world["folder"] / "objects.csv"
    with np.load(folder / "arrays.npz") as arrays:
        flux, offset = arrays["flux"], arrays["offset"]
    flux[2] = np.nan
    np.savez(tmp_path / "blank.npz", flux=flux, offset=offset)
    result = evaluate(folder / "model", tmp_path / "blank.npz", tmp_path / "out", table=objects)
    assert result.metrics.catalog.dropped == {"no pixel with a measurement": 1}
    seen = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert seen["label"].tolist() == world["table"]["label"].drop(index=2).tolist()


@pytest.mark.parametrize("side", [SIZE - 4, SIZE - 3, SIZE, SIZE + 3, SIZE + 8])
def test_a_moved_centre_still_points_at_the_object(side: int) -> None:
    rng = np.random.default_rng(side)
    flux = np.zeros((2, 1, side, side), dtype=np.float32)
    place = rng.integers(side // 2 - 2, side // 2 + 3, (2, 2))
    for image, (y, x) in zip(flux, place, strict=True):
        image[0, y, x] = 1
    offset = (place - (side - 1) / 2)[:, None].astype(np.float32)
    fitted = fit_size(CutoutArrays(flux, flux < 0, offset), SIZE)
    assert fitted.flux.shape == fitted.mask.shape == (2, 1, SIZE, SIZE)
    at = np.argwhere(fitted.flux == 1)[:, 2:]
    np.testing.assert_array_equal(at - (SIZE - 1) / 2, fitted.offset[:, 0])
    assert fitted.mask.sum() == 2 * max(0, SIZE**2 - side**2)


Change = Callable[[dict[str, Any], Path], dict[str, Any]]


def short(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    np.save(tmp / "few.npy", np.zeros((3, 5, SIZE, SIZE), dtype=np.float32))
    return {"data": tmp / "few.npy", "table": world["folder"] / "objects.csv"}


def three_bands(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    n = len(world["table"])
    np.save(tmp / "three.npy", np.zeros((n, 3, SIZE, SIZE), dtype=np.float32))
    return {"data": tmp / "three.npy", "table": world["folder"] / "objects.csv"}


def no_flux(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    np.savez(tmp / "other.npz", images=np.zeros(3))
    return {"data": tmp / "other.npz", "table": world["folder"] / "objects.csv"}


def not_numbers(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    (tmp / "text.npz").write_text("no arrays")
    return {"data": tmp / "text.npz", "table": world["folder"] / "objects.csv"}


def python_objects(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    np.savez(tmp / "objects.npz", flux=np.array([{}], dtype=object))
    return {"data": tmp / "objects.npz", "table": world["folder"] / "objects.csv"}


def all_blank(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    n = len(world["table"])
    np.save(tmp / "blank.npy", np.full((n, 5, SIZE, SIZE), np.nan, dtype=np.float32))
    return {"data": tmp / "blank.npy", "table": world["folder"] / "objects.csv"}


def bomb(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    np.savez_compressed(tmp / "bomb.npz", flux=np.zeros((1, 1, 5200, 5200), dtype=np.float32))
    return {"data": tmp / "bomb.npz", "table": world["folder"] / "objects.csv"}


def words(world: dict[str, Any], tmp: Path) -> dict[str, Any]:
    np.savez(tmp / "words.npz", flux=np.array(["a", "b"]))
    return {"data": tmp / "words.npz", "table": world["folder"] / "objects.csv"}


FAULTS: dict[str, tuple[Change, str]] = {
    "arrays without table": (lambda w, _: {"data": w["folder"] / "arrays.npz"}, "name the table"),
    "positions without frames": (
        lambda w, _: {"data": w["folder"] / "objects.csv"},
        "name the directory of their frames",
    ),
    "a folder of frames": (lambda w, _: {"data": w["frames"]}, "holds no cutouts"),
    "too few arrays": (short, "holds 3 cutouts, the table"),
    "other bands": (three_bands, "flux has 3 bands, survey sdss has 5"),
    "no flux": (no_flux, "has no array flux"),
    "no arrays": (not_numbers, "is not a NumPy file"),
    "pickled objects": (python_objects, "holds Python objects, which are not loaded"),
    "no pixel": (all_blank, "no labelled cutout in"),
    "a bomb": (bomb, "expands to 0.1 GB, more than 100 times its size"),
    "words": (words, "flux must be numbers, got <U1"),
    "an unknown label": (
        lambda w, _: {
            "data": w["folder"] / "arrays.npz",
            "table": w["folder"] / "named.csv",
            "label": "knd",
        },
        "label: the table has no column 'knd'; did you mean 'kind'",
    ),
    "no subclass": (
        lambda w, _: {"data": w["folder"] / "arrays.npz", "table": w["folder"] / "named.csv"},
        "no column subclass, from which task spectral-class",
    ),
    "labels of something else": (
        lambda w, _: {
            "data": w["folder"] / "arrays.npz",
            "table": w["folder"] / "named.csv",
            "label": "star",
        },
        "no row has a class of the model",
    ),
    "an unknown group": (
        lambda w, _: {"data": w["folder"] / "cutouts", "group": "night"},
        "group: the table has no column 'night'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_missing_is_said_in_one_line(
    fault: str, world: dict[str, Any], tmp_path: Path
) -> None:
    change, message = FAULTS[fault]
    with pytest.raises(SkyclassError) as refused:
        evaluate(world["folder"] / "model", out=tmp_path / "out", **change(world, tmp_path))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_other_files_are_not_replaced(world: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SkyclassError, match=r"holds notes.txt but no evaluation.json"):
        evaluate(world["folder"] / "model", world["folder"] / "cutouts", tmp_path)


def test_what_an_interrupted_evaluation_left_is_replaced(
    world: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = world["folder"], tmp_path / "out"

    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skyclass.pipeline.evaluate_labels.write_predictions", stop)
        with pytest.raises(KeyboardInterrupt):
            evaluate(folder / "model", folder / "cutouts", out)
    assert (out / "cutouts").is_dir()
    assert evaluate(folder / "model", folder / "cutouts", out).report.exists()


def test_the_command_prints_the_headline(world: dict[str, Any], tmp_path: Path) -> None:
    folder = world["folder"]
    line = ["evaluate", folder / "model", folder / "cutouts", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, list(map(str, line)))
    assert done.exit_code == 0, done.output
    assert "accuracy" in done.stdout
    assert "report.html" in done.stdout
    # again, on its own directory
    assert CliRunner().invoke(app, list(map(str, line))).exit_code == 0
