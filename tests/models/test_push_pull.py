"""Pushing to and pulling from the Hub, against a Hub on this machine."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from models.fake_hub import hub
from models.made_calibration import make_calibration
from models.test_classifier import SPEC, cutouts
from models.test_training_history import HISTORY
from skyclass.cli import app
from skyclass.errors import ModelError, RemoteError
from skyclass.models.calibration_objects import write_calibration
from skyclass.models.classifier import Classifier
from skyclass.models.hub_cache import download_hub_file
from skyclass.models.locate_model import locate_model
from skyclass.models.push_pull import pull_model, push_model
from skyclass.models.saved_model import load_model, save_model
from skyclass.models.training_history import write_history


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    save_model(Classifier(SPEC), tmp_path / "model")
    write_history(HISTORY, tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(b"a graph")
    write_calibration(make_calibration(len(SPEC.labels)), tmp_path / "model")
    return tmp_path / "model"


def test_what_is_pushed_is_pulled(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub(tmp_path / "cache", monkeypatch) as files:
        result = CliRunner().invoke(app, ["push", str(saved), "someone/stars"])
        assert result.exit_code == 0
        assert result.output.strip().endswith("/someone/stars")
        assert sorted(files) == [
            "someone/stars/README.md",
            "someone/stars/calibration.safetensors",
            "someone/stars/config.json",
            "someone/stars/model.onnx",
            "someone/stars/model.safetensors",
        ]
        files["someone/stars/evil.py"] = b"raise SystemExit"
        folder = locate_model("hf://someone/stars")
        assert sorted(path.name for path in folder.iterdir()) == [
            "calibration.safetensors",
            "config.json",
            "model.onnx",
            "model.safetensors",
        ]
        assert (folder / "model.onnx").read_bytes() == b"a graph"
        assert load_model("hf://someone/stars").spec == SPEC
    loaded = load_model(folder)
    assert loaded.spec == SPEC
    flux, offset = cutouts()
    np.testing.assert_array_equal(
        loaded.probabilities(flux, offset), load_model(saved).probabilities(flux, offset)
    )


def test_a_repository_without_a_model_is_not_pulled(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub(tmp_path / "cache", monkeypatch) as files:
        files["someone/pickle/config.json"] = b"{}"
        files["someone/pickle/pytorch_model.bin"] = b"pickle"
        with pytest.raises(ModelError, match="holds no model of skyclass"):
            pull_model("someone/pickle")
        with pytest.raises(RemoteError, match="cannot be read"):
            pull_model("someone/nothing")
        files["someone/large/config.json"] = json.dumps({"task": "x" * 2**20}).encode()
        files["someone/large/model.safetensors"] = b""
        with pytest.raises(RemoteError, match="more than 1048576"):
            pull_model("someone/large")
        with pytest.raises(RemoteError, match="no such file"):
            download_hub_file("someone/large", "model.bin", 10)
    for name in ("stars", "../stars", "a/../b", "https://a/b", "a/b/c"):
        with pytest.raises(ModelError, match="owner/name"):
            push_model(saved, name)


def test_a_hub_that_is_away_is_one_line(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub(tmp_path / "cache", monkeypatch):
        pass  # it is gone again, and nothing listens there
    monkeypatch.setattr("huggingface_hub.utils._http._DEFAULT_RETRY_ON_EXCEPTIONS", ())
    for act in (
        lambda: pull_model("a/b"),
        lambda: push_model(saved, "a/b"),
        lambda: download_hub_file("a/b", "c", 10),
    ):
        with pytest.raises(RemoteError) as caught:
            act()
        assert "\n" not in str(caught.value)
