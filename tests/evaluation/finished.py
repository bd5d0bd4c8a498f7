"""An experiment that nobody ran: all that a report is made from but for the cutouts' file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.made import catalog_report
from skyclass.config.experiment_file import write_config
from skyclass.config.sections import CatalogConfig, Experiment
from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import evaluate_calibration
from skyclass.evaluation.metrics import Metrics, ModelScores, write_metrics
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import make_predictions, write_predictions
from skyclass.evaluation.report import report_data
from skyclass.evaluation.scores import score
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.models.training_history import TrainingHistory, TrainingRound, write_history
from skyclass.surveys.sdss.layout import BANDS

LABELS = ("star", "galaxy", "quasar")
HISTORY = TrainingHistory(
    epochs=tuple(
        TrainingRound(
            epoch=epoch,
            step=10 * (epoch + 1),
            train_loss=2 * 0.8**epoch,
            train_accuracy=0.95 - 0.7 * 0.8**epoch,
            validation_loss=2 * 0.85**epoch,
            validation_accuracy=0.9 - 0.7 * 0.8**epoch,
        )
        for epoch in range(5)
    ),
    best_epoch=3,
    steps_per_epoch=10,
    validate_every=10,
)
PIXELS = 12


@dataclass(frozen=True)
class StandIn:
    """Cutouts in memory."""

    objid: list[str] | list[None]
    ra: list[float]

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Draw noise, the same for an object each time."""
        seeds = [np.random.default_rng(int(i)) for i in indices]
        flux = [rng.normal(1, 0.5, (5, PIXELS, PIXELS)) for rng in seeds]
        return np.array(flux, dtype=np.float32).reshape(-1, 5, PIXELS, PIXELS)

    def offsets(self) -> np.ndarray:
        return np.zeros((len(self.objid), 5, 2), dtype=np.float32)

    def column(self, name: str) -> list[str] | list[None] | list[float]:
        return {"objid": self.objid, "ra": self.ra}[name]


def probabilities(label: np.ndarray, k: int, bonus: float) -> np.ndarray:
    logits = np.random.default_rng(int(10 * bonus)).normal(size=(len(label), k))
    logits[np.arange(len(label)), label] += bonus
    logits[:, -1] -= 30  # never predicted: its precision is undefined
    raw = np.exp(logits)
    return raw / raw.sum(axis=1, keepdims=True)


def observed(n: int, *, magnitudes: bool) -> dict[str, Any]:
    """Draw the columns of the observing conditions."""
    rng = np.random.default_rng(3)
    r = rng.uniform(15, 21, n)
    known = np.where(rng.random(n) < 0.95, 1.0, np.nan) if magnitudes else np.full(n, np.nan)
    columns = {f"magnitude_{band}": (r + 0.3 * (2 - i)) * known for i, band in enumerate(BANDS)}
    return {
        "field": [f"301-1000-3-{10 + i // 50:04d}" for i in range(n)],
        **columns,
        "snr_r": 10 ** (0.4 * (21 - r)) * known,
        "crowding": rng.integers(0, 4, n) * known,
        "seeing": rng.uniform(1.0, 1.6, n) * known,
    }


def write_model(folder: Path, spec: ModelSpec) -> None:
    """Write an untrained network and a history of its training."""
    save_model(Classifier(spec), folder / "model")
    write_history(HISTORY, folder / "model")


def scored(
    table: pd.DataFrame,
    labels: tuple[str, ...],
    label: np.ndarray,
    shares: tuple[np.ndarray, np.ndarray],
) -> dict[str, Any]:
    """Score a model and its baselines."""
    model, baseline = shares
    nearest = probabilities(label, len(labels), 0.5)
    scores = [
        ModelScores(
            **dict(score(labels, label, each)), by=score_by_condition(table, labels, label, each)
        )
        for each in (model, baseline, nearest)
    ]
    return {
        "test": scores[0],
        "baseline": scores[1],
        "baseline_name": "catalogue colours",
        "baselines": {"k-nn": scores[2]},
        "difference": compare_accuracies(label, model.argmax(1), baseline.argmax(1)),
        "differences": {"k-nn": compare_accuracies(label, model.argmax(1), nearest.argmax(1))},
        "calibration": evaluate_calibration(
            labels, label, model, temperature=1.25, fitted_on="validation"
        ),
        "conformal": None,
    }


def make_experiment(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    label: np.ndarray | None = None,
    labels: tuple[str, ...] = LABELS,
    simulated: bool = True,
    magnitudes: bool = True,
    image_type: str = "ugriz",
    columns: tuple[str, ...] = (),
    objid: str = "12376487045958",
) -> dict[str, Any]:
    """Write all that a report is made from but for the cutouts; return metrics.json."""
    if label is None:
        label = np.arange(90) % len(labels)
    n = len(label)
    model, baseline = (probabilities(label, len(labels), bonus) for bonus in (2.5, 1.0))
    ids = [f"{objid}{i:03d}" for i in range(n)]
    table = make_predictions(
        objid=ids,
        specobjid=ids,
        ra=np.linspace(190, 200, n),
        dec=np.linspace(-2, 2, n),
        labels=labels,
        label=label,
        probabilities=model,
        extra=observed(n, magnitudes=magnitudes),
    )
    metrics = Metrics(
        **scored(table, labels, label, (model, baseline)),
        crowding_radius=10.0,
        task="object-type",
        ordered=False,
        image_type=image_type,
        model="compact",
        registration="shift",
        simulated=simulated,
        catalog=catalog_report(labels, n),
        versions={"skyclass": "0.1.0"},
    )
    spec = ModelSpec(
        *("object-type", labels, image_type, "compact", PIXELS, BANDS, "nanomaggy", simulated),
        registration="shift",
        columns=columns,
        column_mean=(0.0,) * 5 * len(columns),
        column_deviation=(1.0,) * 5 * len(columns),
    )
    write_model(folder, spec)
    if columns:
        (folder / "columns").mkdir()
        values = np.random.default_rng(6).normal(size=(n, 5)).astype(np.float32)
        np.save(folder / "columns" / "test.npy", values)
    write_metrics(metrics, folder / "metrics.json")
    config = Experiment(task="object-type", catalog=CatalogConfig(path=Path("stars.csv")))
    write_config(config, folder / "experiment.toml")
    write_predictions(table, folder / "predictions.parquet")
    monkeypatch.setattr(
        report_data, "open_cutouts", lambda _: {"test": StandIn(ids, table["ra"].tolist())}
    )
    return metrics.model_dump(mode="json")
