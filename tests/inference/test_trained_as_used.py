"""A model is used as it was trained: frames give the probabilities of the stored test objects."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import save_file

from skyclass.config.sections import CutoutConfig, Experiment, ImageConfig
from skyclass.errors import SkyclassError
from skyclass.inference.classify import classify
from skyclass.models.spec_file import read_spec
from skyclass.pipeline.experiment import run_prepared
from skyclass.pipeline.prepared_experiment import prepare_experiment
from skyclass.surveys import registry
from support.turned_survey import TURNED, draw_tiles, find_frame

TOLERANCE = 1e-5

CASES = {
    "cutouts.size": {"cutouts": {"size": 20}},
    "cutouts.unit": {"cutouts": {"size": 5, "unit": "arcsec"}},
    "cutouts.dtype": {"cutouts": {"dtype": "float16"}},
    "cutouts.missing_band": {"cutouts": {"missing_band": "mask"}},
    "cutouts.background": {"cutouts": {"background": "local"}, "model": {"measured": False}},
    "cutouts.saturated": {"cutouts": {"saturated": "mask"}},
    "cutouts.grid": {"cutouts": {"grid": "common"}},
    "cutouts.measure": {"cutouts": {"measure": "cutout"}},
    "images.type": {"images": {"type": "colours"}},
    "images.registration": {"images": {"registration": "none"}},
    "images.crop": {"images": {"crop": 16}, "model": {"measured": False}},
    "images.size": {"images": {"size": 32}},
    "images.resize": {"images": {"size": 32, "resize": "bilinear"}},
    "images.upscaler": {"images": {"type": "gri", "resize": "learned", "upscaler": True}},
}
"""For each key of `[cutouts]` and `[images]`, settings in which it is not its default."""

PIXELS_ALONE = {"images.upscaler", "images.crop", "cutouts.background"}
"""Keys whose case has a model that is told of the pixels only, as the fit may leave a picture
without any weight beside the measurement."""

SAME_PIXELS = {"cutouts.saturated"}
"""Keys that change the stored mask only, which no network looks at."""

OTHERS = {
    "images.type": "gri",
    "images.registration": "shift",
    "images.crop": None,
    "images.size": None,
    "images.resize": "lanczos",
}
"""Values of the keys of `[images]` in a model that did not carry what it was trained with."""

REFUSED = {
    "cutouts.size": "its cutting rules make 64",
    "cutouts.unit": "cutouts.size must be 8 to 512 pixels",
}
"""Keys without which nothing is classified, and the message."""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_surveys", dict(registry._surveys))
    registry.register_survey(TURNED)


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("turned")
    draw_tiles(folder).to_csv(folder / "stars.csv", index=False)
    return folder


def write_upscaler(path: Path) -> Path:
    compact = pytest.importorskip("spandrel.architectures.Compact.__arch.SRVGG")
    save_file(compact.SRVGGNetCompact(num_feat=4, num_conv=1, upscale=2).state_dict(), path)
    return path


def make_experiment(key: str, sky: Path, folder: Path) -> Experiment:
    """Make the experiment of a case, with frames that lack a band where this is the case."""
    settings = CASES[key]
    images = {"type": "asinh", **settings.get("images", {})}
    if "upscaler" in images:
        images["upscaler"] = write_upscaler(folder / "upscaler.safetensors")
    frames = sky / "frames"
    if key == "cutouts.missing_band":
        frames = folder / "frames"
        shutil.copytree(sky / "frames", frames)
        find_frame(frames, "0010", "i").unlink()
    return Experiment(
        task="spectral-class",
        catalog={"path": sky / "stars.csv"},
        survey={"name": "turned", "frames": frames},
        split={"test": 0.3, "validation": 0.2},
        cutouts={"size": 24, **settings.get("cutouts", {})},
        images=images,
        model={"name": "compact", **settings.get("model", {})},
        training={"epochs": 4, "batch_size": 8, "learning_rate": 0.01},
    )


def match(table: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    """Return the largest difference in probability of any test object."""
    columns = [name for name in predictions if name.startswith("p_")]
    both = predictions.merge(table, on=["ra", "dec"], suffixes=("", "_used"))
    assert len(both) == len(predictions) == len(table)
    return np.abs(both[columns].to_numpy() - both[[f"{c}_used" for c in columns]].to_numpy()).max()


def test_every_key_has_a_case() -> None:
    sections = {"cutouts": CutoutConfig, "images": ImageConfig}
    keys = {f"{name}.{key}" for name, kind in sections.items() for key in kind.model_fields}
    assert set(CASES) == keys


@pytest.mark.parametrize("key", CASES)
def test_frames_give_the_probabilities_of_the_test_objects(
    sky: Path, tmp_path: Path, key: str
) -> None:
    experiment = make_experiment(key, sky, tmp_path)
    run_prepared(prepare_experiment(experiment, tmp_path / "out"), report=False)
    predictions = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    assert predictions["p_M"].std() > 0.01  # objects are told apart, if badly
    catalog = pd.read_parquet(tmp_path / "out" / "catalog.parquet")
    objects = catalog[catalog["split"] == "test"].sample(frac=1, random_state=1)
    frames, model = experiment.survey.frames, tmp_path / "out" / "model"
    # what was measured of the stored objects is measured again
    assert bool(read_spec(model).measured) == (key not in PIXELS_ALONE)
    table = classify(frames, model, positions=objects)
    assert (table["reason"] == "").all()
    assert table["ra"].tolist() == objects["ra"].tolist()
    assert match(table, predictions) < TOLERANCE
    # found by the world coordinates, too
    alone = classify(frames, model, positions=objects[["ra", "dec"]])
    assert match(alone, predictions) < TOLERANCE
    if key in SAME_PIXELS:
        return
    forget(key, model)
    if key in REFUSED:
        with pytest.raises(SkyclassError, match=REFUSED[key]):
            classify(frames, model, positions=objects)
        return
    table = classify(frames, model, positions=objects)
    if key == "cutouts.missing_band":
        # the tiles that lack a band cost themselves only
        lost = table["reason"].str.contains("has no i image")
        assert lost.any()
        assert not lost.all()
        np.testing.assert_array_equal(table["class"].isna(), lost)
        return
    assert match(table, predictions) > 2 * TOLERANCE


def forget(key: str, model: Path) -> None:
    """Change a saved model to what it would be if it did not carry the key."""
    file = model / "config.json"
    values = json.loads(file.read_text())
    section, name = key.split(".")
    if section == "cutouts":
        values["rules"][name] = CutoutConfig.model_fields[name].default
    elif key == "images.upscaler":
        write_upscaler(model / "upscaler.safetensors")
    else:
        values[{"type": "image_type", "size": "image_size"}.get(name, name)] = OTHERS[key]
    file.write_text(json.dumps(values))
    (model / "model.onnx").unlink(missing_ok=True)
