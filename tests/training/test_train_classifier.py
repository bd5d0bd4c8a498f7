"""Training from cutouts to a saved model: its figures, its end, and what it says of bad input."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.saved_model import load_model
from skyclass.training.train_classifier import check_training, train_classifier
from training.stored import COUNTS, spec, write_cutouts

pytestmark = pytest.mark.filterwarnings("ignore")

EVERYTHING = {
    "epochs": 4,
    "batch_size": 10,
    "accumulate": 2,
    "imbalance": "balanced",
    "validate_every": 3,
    "average": 0.9,
    "schedule": "cosine",
    "warmup": 0.1,
    "layer_decay": 0.8,
    "label_smoothing": 0.1,
    "monitor": "accuracy",
}
KILLED = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from training.stored import spec
from skyclass.config.training_sections import TrainingConfig
from skyclass.training.train_classifier import train_classifier
from skyclass.training.lightning_module import ClassifierModule
step = ClassifierModule.training_step

def killing(self, batch, index):
    if self.current_epoch == 4 and index == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, batch, index)

ClassifierModule.training_step = killing
train_classifier(Path(sys.argv[1]), spec(), TrainingConfig(**{EVERYTHING!r}), Path(sys.argv[2]))
"""


def go(cutouts: Path, out: Path, **training: object) -> dict:
    config = TrainingConfig(**{"epochs": 3, "batch_size": 20, **training})
    train_classifier(cutouts, spec(), config, out, logs=out.with_name("logs"))
    return json.loads((out / "history.json").read_text())


def test_figures_curves_and_logs(cutouts: Path, tmp_path: Path) -> None:
    history = go(cutouts, tmp_path / "model", validate_every=2, epochs=2)
    assert [e["step"] for e in history["epochs"]] == [2, 4, 6, 8, 10]
    assert [e["epoch"] for e in history["epochs"]] == list(range(5))
    losses = [e["validation_loss"] for e in history["epochs"]]
    assert history["best_epoch"] == int(np.argmin(losses))
    saved = json.loads((tmp_path / "model" / "config.json").read_text())
    assert saved["temperature_from"] == "validation"
    assert saved["temperature"] > 0
    with Image.open(tmp_path / "logs" / "training.png") as picture:
        assert picture.size == (840, 600)
    events = EventAccumulator(str(tmp_path / "logs" / "tensorboard")).Reload()
    logged = [event.value for event in events.Scalars("validation_loss")]
    assert logged == pytest.approx(losses, rel=1e-6)
    assert not (tmp_path / "model.training").exists()


def test_killed_in_the_middle_of_a_round_it_ends_the_same(cutouts: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(cutouts), str(tmp_path / "broken")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "broken").exists()
    resumed = go(cutouts, tmp_path / "broken", **EVERYTHING)
    unbroken = go(cutouts, tmp_path / "whole", **EVERYTHING)
    assert resumed == unbroken
    assert len(unbroken["epochs"]) == 6
    one, other = (load_file(tmp_path / d / "model.safetensors") for d in ("broken", "whole"))
    assert all(torch.equal(one[name], other[name]) for name in other)
    configs = [(tmp_path / d / "config.json").read_bytes() for d in ("broken", "whole")]
    assert configs[0] == configs[1]


def test_a_checkpoint_of_another_training_is_not_resumed(cutouts: Path, tmp_path: Path) -> None:
    def interrupt(_stage: str, done: int, _total: int, _detail: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    config = TrainingConfig(epochs=3, batch_size=20, learning_rate=0.5)
    with pytest.raises(KeyboardInterrupt):
        train_classifier(cutouts, spec(), config, tmp_path / "model", progress=interrupt)
    assert (tmp_path / "model.training" / "last.safetensors").exists()
    assert go(cutouts, tmp_path / "model") == go(cutouts, tmp_path / "afresh")


def test_the_temperature_is_fitted_on_the_calibration_split(tmp_path: Path) -> None:
    counts = COUNTS | {"calibration": {"A": 20, "F": 20, "G": 20}}
    cutouts = write_cutouts(tmp_path / "cutouts", counts)
    trained = train_classifier(
        cutouts, spec(), TrainingConfig(epochs=6, batch_size=20), tmp_path / "model"
    )
    assert trained.spec.temperature_from == "calibration"
    split = open_cutouts(cutouts)["calibration"]
    losses = []
    for temperature in (trained.temperature, 0.9 * trained.temperature, 1.1 * trained.temperature):
        trained.temperature = temperature
        shares = trained.probabilities(split.take(np.arange(60)), split.offsets())
        losses.append(-np.log(shares[np.arange(60), split.label]).mean())
    assert losses[0] == min(losses)


def test_bf16_oversampling_and_logit_adjustment_train(cutouts: Path, tmp_path: Path) -> None:
    for number, imbalance in enumerate(("oversample", "logit-adjustment")):
        history = go(
            cutouts, tmp_path / str(number), imbalance=imbalance, precision="bf16", epochs=6
        )
        assert history["epochs"][-1]["train_loss"] < history["epochs"][0]["train_loss"]
        assert load_model(tmp_path / str(number)).spec.imbalance == imbalance
        assert history["steps_per_epoch"] == (9 if imbalance == "oversample" else 5)


def test_contradicting_settings_are_refused_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    on, off = AugmentationConfig(), AugmentationConfig(turn=False)
    with pytest.raises(TrainingError, match="which only helps if they are changed"):
        check_training(TrainingConfig(imbalance="oversample"), off)
    with pytest.raises(TrainingError, match="batch_size = 64 cannot be divided among 3 processes"):
        check_training(TrainingConfig(devices=3), on)
    monkeypatch.setattr("skyclass.training.loggers.find_spec", lambda _name: None)
    with pytest.raises(TrainingError, match="pip install wandb"):
        check_training(TrainingConfig(loggers=("wandb",)), on)
    monkeypatch.setattr("skyclass.training.loggers.find_spec", lambda _name: object())
    monkeypatch.setenv("WANDB_MODE", "offline")  # needs no login
    assert check_training(TrainingConfig(loggers=("wandb", "mlflow")), on) is None


def test_other_machines_are_started_by_hand(cutouts: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"torchrun --nnodes 2 --nproc-per-node 1 .*job\.json"):
        go(cutouts, tmp_path / "model", nodes=2)
    job = json.loads((tmp_path / "model.training" / "job.json").read_text())
    assert job["out"].endswith("model.training/trained")
