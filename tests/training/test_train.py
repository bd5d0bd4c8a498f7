"""Training from cutouts to a saved model: its figures, its end, and what it says of bad input."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.training.device import explain_torch_errors
from skyclass.training.early_stopping import best_round, is_stale
from skyclass.training.train import check_training, train
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
from skyclass.config import AugmentationConfig, TrainingConfig
from skyclass.training import train
from skyclass.training.lightning_module import ClassifierModule
step = ClassifierModule.training_step

def killing(self, batch, index):
    if self.current_epoch == 4 and index == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, batch, index)

ClassifierModule.training_step = killing
train(Path(sys.argv[1]), spec(), TrainingConfig(**{EVERYTHING!r}), Path(sys.argv[2]))
"""


def go(cutouts: Path, out: Path, **training: object) -> dict:
    config = TrainingConfig(**{"epochs": 3, "batch_size": 20, **training})
    train(cutouts, spec(), config, out, logs=out.with_name("logs"))
    return json.loads((out / "history.json").read_text())


def test_figures_curves_and_logs(cutouts: Path, tmp_path: Path) -> None:
    history = go(cutouts, tmp_path / "model", validate_every=2, epochs=2)
    assert [e["step"] for e in history["epochs"]] == [2, 4, 6, 8, 10]
    assert [e["epoch"] for e in history["epochs"]] == list(range(5))
    losses = [e["validation_loss"] for e in history["epochs"]]
    assert history["best_epoch"] == int(np.argmin(losses))
    told = json.loads((tmp_path / "model" / "config.json").read_text())
    assert told["temperature_from"] == "validation"
    assert told["temperature"] > 0
    with Image.open(tmp_path / "logs" / "training.png") as picture:
        assert picture.size == (840, 600)
    events = EventAccumulator(str(tmp_path / "logs" / "tensorboard")).Reload()
    logged = [event.value for event in events.Scalars("validation_loss")]
    assert logged == pytest.approx(losses, rel=1e-6)
    assert not (tmp_path / "model.training").exists()


def test_other_loggers_are_told_the_same(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, value in {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}.items():
        monkeypatch.setenv(name, value)
    history = go(cutouts, tmp_path / "model", loggers=("wandb", "mlflow"))
    losses = [e["validation_loss"] for e in history["epochs"]]
    client = MlflowClient(f"sqlite:///{tmp_path / 'logs' / 'mlflow.db'}")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    logged = client.get_metric_history(run.info.run_id, "validation_loss")
    assert [metric.value for metric in logged] == pytest.approx(losses, rel=1e-6)
    assert run.data.params["training/batch_size"] == "20"
    (kept,) = (tmp_path / "logs" / "wandb").glob("offline-run-*/run-*.wandb")
    assert f"{losses[0]:.6g}".encode() in kept.read_bytes()


def test_a_logger_that_does_not_begin_says_so(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://at-all")
    with pytest.raises(TrainingError, match=r'loggers = \["mlflow"\] does not begin: .*nowhere'):
        go(cutouts, tmp_path / "model", loggers=("mlflow",))
    assert not (tmp_path / "model").exists()


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


def test_what_another_training_left_is_not_gone_on_with(cutouts: Path, tmp_path: Path) -> None:
    def interrupt(_stage: str, done: int, _total: int, _detail: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    config = TrainingConfig(epochs=3, batch_size=20, learning_rate=0.5)
    with pytest.raises(KeyboardInterrupt):
        train(cutouts, spec(), config, tmp_path / "model", progress=interrupt)
    assert (tmp_path / "model.training" / "last.safetensors").exists()
    assert go(cutouts, tmp_path / "model") == go(cutouts, tmp_path / "afresh")


def test_the_temperature_is_fitted_on_the_calibration_split(tmp_path: Path) -> None:
    counts = COUNTS | {"calibration": {"A": 20, "F": 20, "G": 20}}
    cutouts = write_cutouts(tmp_path / "cutouts", counts)
    trained = train(cutouts, spec(), TrainingConfig(epochs=6, batch_size=20), tmp_path / "model")
    assert trained.spec.temperature_from == "calibration"
    split = open_cutouts(cutouts)["calibration"]
    losses = []
    for temperature in (trained.temperature, 0.9 * trained.temperature, 1.1 * trained.temperature):
        trained.temperature = temperature
        shares = trained.probabilities(split.take(np.arange(60)), split.offsets())
        losses.append(-np.log(shares[np.arange(60), split.label]).mean())
    assert losses[0] == min(losses)


def rounds(*values: float) -> list[dict[str, float]]:
    return [{"validation_loss": v, "validation_accuracy": -v} for v in values]


@pytest.mark.parametrize(
    ("values", "threshold", "stale"),
    [
        ((3, 2, 1), 0.0, False),
        ((3, 2, 2), 0.0, False),
        ((3, 2, 2, 2.5), 0.0, True),
        ((3, 2.9, 2.8), 0.5, True),
        ((3, 2.9, 2.4), 0.5, False),
    ],
)
def test_patience_waits_for_what_is_better_by_the_threshold(values, threshold, stale) -> None:
    for monitor in ("loss", "accuracy"):
        config = TrainingConfig(patience=2, threshold=threshold, monitor=monitor)
        assert is_stale(rounds(*values), config) is stale
        assert best_round(rounds(*values), monitor) == values.index(min(values))


def test_it_stops_when_nothing_gets_better(cutouts: Path, tmp_path: Path) -> None:
    history = go(cutouts, tmp_path / "model", epochs=9, patience=2, threshold=10.0)
    assert len(history["epochs"]) == 3


def test_bf16_oversampling_and_logit_adjustment_train(cutouts: Path, tmp_path: Path) -> None:
    for number, imbalance in enumerate(("oversample", "logit-adjustment")):
        history = go(
            cutouts, tmp_path / str(number), imbalance=imbalance, precision="bf16", epochs=6
        )
        assert history["epochs"][-1]["train_loss"] < history["epochs"][0]["train_loss"]
        assert history["steps_per_epoch"] == (9 if imbalance == "oversample" else 5)


def test_one_class_is_nothing_to_learn(cutouts: Path, tmp_path: Path) -> None:
    alone = replace(spec(), labels=("A",))
    with pytest.raises(TrainingError, match="all objects are of class A; there is nothing"):
        train(cutouts, alone, TrainingConfig(), tmp_path / "model")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_class_that_a_split_lacks(tmp_path: Path, split: str) -> None:
    counts = {name: dict(n) for name, n in COUNTS.items()}
    del counts[split]["F"]
    cutouts = write_cutouts(tmp_path / "cutouts", counts)
    with pytest.raises(TrainingError, match=rf"the {split} split has no object of class F: .*drop"):
        go(cutouts, tmp_path / "model")


def test_what_cannot_be_is_refused_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    on, off = AugmentationConfig(), AugmentationConfig(turn=False)
    with pytest.raises(TrainingError, match="which only helps where they are changed"):
        check_training(TrainingConfig(imbalance="oversample"), off)
    with pytest.raises(TrainingError, match="64 cannot be divided among 3 processes"):
        check_training(TrainingConfig(devices=3), on)
    monkeypatch.setattr("skyclass.training.loggers.find_spec", lambda _name: None)
    with pytest.raises(TrainingError, match="pip install wandb"):
        check_training(TrainingConfig(loggers=("wandb",)), on)
    monkeypatch.setattr("skyclass.training.loggers.find_spec", lambda _name: object())
    assert check_training(TrainingConfig(loggers=("wandb", "mlflow")), on) is None


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), MemoryError(), RuntimeError("can't allocate memory")]
)
def test_out_of_memory_says_what_takes_less(error: Exception) -> None:
    with (
        pytest.raises(TrainingError, match=r'batch_size = 32 with accumulate = 4, or .*"bf16"'),
        explain_torch_errors(TrainingConfig(accumulate=2, precision="32")),
    ):
        raise error
    with pytest.raises(RuntimeError, match="else"), explain_torch_errors(TrainingConfig()):
        raise RuntimeError("something else")


def test_other_machines_are_started_by_hand(cutouts: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"torchrun --nnodes 2 --nproc-per-node 1 .*job\.json"):
        go(cutouts, tmp_path / "model", nodes=2)
    told = json.loads((tmp_path / "model.training" / "job.json").read_text())
    assert told["out"].endswith("model.training/trained")
