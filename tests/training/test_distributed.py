"""Several processes that train together."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.pipeline.experiment import run_prepared
from skyclass.pipeline.prepared_experiment import prepare_experiment
from skyclass.training.train_classifier import train_classifier
from training.stored import spec

pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = """
task = "spectral-class"
[catalog]
path = "{survey}/catalog.csv"
[survey]
frames = "{survey}/frames"
[cutouts]
size = 16
[labels]
merge = {{ hot = ["O", "B", "A", "F"], cool = ["G", "K", "M"] }}
[model]
measured = false
[training]
epochs = 2
batch_size = 24
accumulate = 2
devices = {devices}
[augmentation]
turn = false
"""


def test_a_command_with_two_processes_gives_the_metrics_of_one(
    plain_survey: Path, tmp_path: Path
) -> None:
    for devices in (1, 2):
        text = TEXT.format(survey=plain_survey, devices=devices)
        (tmp_path / f"{devices}.toml").write_text(text)
    run_prepared(prepare_experiment(tmp_path / "1.toml", tmp_path / "1"), report=False)
    command = [sys.executable, "-m", "skyclass", "experiment", str(tmp_path / "2.toml")]
    ended = subprocess.run(
        [*command, "--out", str(tmp_path / "2")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("test accuracy")
    one, two = (
        json.loads((tmp_path / d / "model" / "history.json").read_text()) for d in ("1", "2")
    )
    assert one["best_epoch"] == two["best_epoch"]
    for alone, together in zip(one["epochs"], two["epochs"], strict=True):
        assert together == pytest.approx(alone, rel=1e-4)
    one, two = (json.loads((tmp_path / d / "metrics.json").read_text())["test"] for d in ("1", "2"))
    assert two["labels"] == ["hot", "cool"]
    assert two["confusion_matrix"] == one["confusion_matrix"]


def test_a_process_that_fails_ends_the_others(cutouts: Path, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=2, batch_size=20, devices=2, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"not finite.*10000000000000000"):
        train_classifier(
            cutouts, spec(), config, tmp_path / "m", augmentation=AugmentationConfig(turn=False)
        )
    assert not (tmp_path / "m").exists()
