"""Calibration objects are read as they were written, with the model that they belong to only."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.made_calibration import make_calibration
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ModelError
from skyclass.models.calibration_objects import (
    CALIBRATION_FILE,
    read_calibration,
    write_calibration,
)
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import load_model, save_model
from skyclass.surveys.sdss.layout import BANDS

LABELS = ("O", "B", "M")
SPEC = ModelSpec(
    "t", LABELS, "ugriz", "compact", 32, BANDS, "nanomaggy", True, rules=CutoutConfig(size=32)
)


def save(folder: Path, seed: int = 1) -> Path:
    torch.manual_seed(seed)
    save_model(Classifier(SPEC), folder)
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = make_calibration()
    save(tmp_path)
    assert read_calibration(tmp_path, SPEC) is load_model(tmp_path).calibration is None
    write_calibration(made, tmp_path)
    again = load_model(tmp_path).calibration
    assert (again.split, len(again)) == ("calibration", len(made))
    for name in ("label", "probabilities", "magnitude", "training_label"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    for one, other in ((again.measured, made.measured), (again.training, made.training)):
        for name, values in vars(other).items():
            np.testing.assert_array_equal(getattr(one, name), values)


def test_those_without_a_measurement(tmp_path: Path) -> None:
    made = replace(make_calibration(), measured=None, training=None, training_label=None)
    write_calibration(made, save(tmp_path))
    again = read_calibration(tmp_path, SPEC)
    assert again.measured is again.training is again.training_label is None


def test_those_of_another_model_are_refused(tmp_path: Path) -> None:
    write_calibration(make_calibration(), save(tmp_path / "one"))
    save(tmp_path / "other", seed=2)
    content = (tmp_path / "one" / CALIBRATION_FILE).read_bytes()
    file = tmp_path / "other" / CALIBRATION_FILE
    file.write_bytes(content)
    with pytest.raises(ModelError, match="made from another model"):
        read_calibration(tmp_path / "other", SPEC)
    with pytest.raises(ModelError, match="made from another model"):
        read_calibration(tmp_path / "one", replace(SPEC, labels=(*LABELS, "L")))
    file.write_bytes(content[:100])
    with pytest.raises(ModelError, match=r"is broken \(.*save the model again"):
        read_calibration(tmp_path / "other", SPEC)
    # saving the model again leaves none of the old ones behind
    assert not (save(tmp_path / "one", seed=3) / CALIBRATION_FILE).exists()
