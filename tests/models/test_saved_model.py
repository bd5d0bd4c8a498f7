"""A model with columns of the catalogue, from the experiment file to the sources of a field."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from skyclass.errors import ModelError
from skyclass.inference.classify import classify
from skyclass.models.bundled import find_bundled_model
from skyclass.models.saved_model import load_model
from skyclass.models.spec_file import WEIGHTS_FILE
from skyclass.pipeline.experiment import run_experiment

TEXT = """
task = "spectral-class"
[catalog]
path = "{survey}/catalog.csv"
[survey]
frames = "{survey}/frames"
[cutouts]
size = 32
[model]
name = "vit-small"
head = [16]
columns = [{columns}]
[training]
epochs = 2
batch_size = 16
"""


def write(folder: Path, survey: Path, columns: str) -> Path:
    file = folder / "e.toml"
    file.write_text(TEXT.format(survey=survey, columns=columns))
    return file


def test_columns_from_file_to_field(plain_survey: Path, tmp_path: Path) -> None:
    file = write(tmp_path, plain_survey, '"colours", "magnitudes"')
    metrics = run_experiment(file, tmp_path / "out").metrics
    assert metrics.baseline.accuracy > 0.5
    assert metrics.baselines["k-nn"].accuracy > 0.5
    model = load_model(tmp_path / "out" / "model")
    spec = model.spec
    assert (spec.columns, len(spec.column_mean)) == (("colours", "magnitudes"), 9)
    assert (spec.network, spec.head) == ("vit-small", (16,))
    catalog = pd.read_parquet(tmp_path / "out" / "catalog.parquet").query("split == 'train'")
    colour = catalog["psfMag_g"] - catalog["psfMag_r"]
    assert spec.column_mean[1] == pytest.approx(colour.mean(), abs=1e-4)
    counts = catalog["label"].value_counts()
    assert all(spec.objects["train"][label] == counts[label] for label in spec.labels)
    frames = sorted((plain_survey / "frames").rglob("frame-r-*"))[0].parent
    table = classify([frames], tmp_path / "out" / "model", tmp_path / "classes.csv")
    shares = table[[f"p_{label}" for label in spec.labels]].to_numpy()
    np.testing.assert_allclose(shares.sum(1), 1)
    values = json.loads((tmp_path / "out" / "model" / "config.json").read_text())
    values["columns"] = ["extinction", "magnitudes"]
    (tmp_path / "out" / "model" / "config.json").write_text(json.dumps(values))
    with pytest.raises(ModelError, match="needs extinction of a catalogue"):
        classify([frames], tmp_path / "out" / "model", tmp_path / "classes.csv")


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(find_bundled_model("stars"), folder)
    weights = load_file(folder / WEIGHTS_FILE)
    name = max(weights, key=lambda name: weights[name].numel())
    weights[name].view(-1)[7] = float("nan")
    save_file(weights, folder / WEIGHTS_FILE)
    with pytest.raises(ModelError, match=f"{name} has values that are not finite"):
        load_model(folder)
