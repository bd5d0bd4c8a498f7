"""Loggers other than TensorBoard's, read back."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.models.training_history import TrainingHistory, read_history
from skyclass.training.train_classifier import train_classifier
from training.stored import spec

pytestmark = pytest.mark.filterwarnings("ignore")


def go(cutouts: Path, out: Path, **training: object) -> TrainingHistory:
    config = TrainingConfig(**{"epochs": 3, "batch_size": 20, **training})
    train_classifier(cutouts, spec(), config, out, logs=out.with_name("logs"))
    return read_history(out)


def test_other_loggers_receive_the_same_figures(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, value in {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}.items():
        monkeypatch.setenv(name, value)
    history = go(cutouts, tmp_path / "model", loggers=("wandb", "mlflow"))
    losses = [one.validation_loss for one in history.epochs]
    client = MlflowClient(f"sqlite:///{tmp_path / 'logs' / 'mlflow.db'}")
    (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    logged = client.get_metric_history(run.info.run_id, "validation_loss")
    assert [metric.value for metric in logged] == pytest.approx(losses, rel=1e-6)
    assert run.data.params["training/batch_size"] == "20"
    (kept,) = (tmp_path / "logs" / "wandb").glob("offline-run-*/run-*.wandb")
    assert f"{losses[0]:.6g}".encode() in kept.read_bytes()


def test_a_logger_that_does_not_start_is_one_line(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://at-all")
    with pytest.raises(TrainingError, match=r'loggers = \["mlflow"\] does not start: .*nowhere'):
        go(cutouts, tmp_path / "model", loggers=("mlflow",))
    assert not (tmp_path / "model").exists()
