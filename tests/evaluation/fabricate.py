"""A small experiment directory, made up."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skyclass.evaluation import paired_difference, predictions_table, score, write_predictions

EXPERIMENT = 'task = "object-type"\nseed = 1\n\n[images]\ntype = "ugriz"\n'


@dataclass(frozen=True)
class StandIn:
    """What `skyclass.images.open_cutouts` gives, in memory."""

    flux: np.ndarray
    label: np.ndarray
    objid: list[str]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self.flux[indices]

    def column(self, name: str) -> list[str]:
        return {"objid": self.objid}[name]


def _probabilities(rng: np.random.Generator, true: np.ndarray, k: int, bonus: float) -> np.ndarray:
    logits = rng.normal(size=(len(true), k))
    logits[np.arange(len(true)), true] += bonus
    # the last class is never predicted, so that its precision is undefined
    logits[:, -1] -= 30
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _stars(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2
    profile = np.exp(-(x**2 + y**2) / 8)
    peak = rng.uniform(0.5, 20, size=(n, 5, 1, 1))
    return (peak * profile + rng.normal(0, 0.05, (n, 5, size, size))).astype(np.float32)


def make_experiment(
    directory: Path,
    *,
    labels: tuple[str, ...] = ("star", "galaxy", "quasar"),
    task: str = "object-type",
    image_type: str = "ugriz",
    simulated: bool = True,
    n: int = 90,
    size: int = 16,
    objid: str = "1237648704595820",
) -> tuple[dict[str, Any], StandIn]:
    """Write an experiment directory but for its cutouts; give its metrics and the cutouts."""
    rng = np.random.default_rng(7)
    true = rng.integers(0, len(labels), n)
    model = _probabilities(rng, true, len(labels), 2.5)
    baseline = _probabilities(rng, true, len(labels), 1.0)
    table = predictions_table(
        objid=[f"{objid}{i:03d}" for i in range(n)],
        specobjid=[str(2**63 + i) for i in range(n)],
        ra=rng.uniform(190, 200, n),
        dec=rng.uniform(-2, 2, n),
        labels=labels,
        true=true,
        probabilities=model,
    )
    difference = paired_difference(true, model.argmax(1), baseline.argmax(1))
    per_class = {label: int((true == i).sum()) for i, label in enumerate(labels)}
    metrics = {
        "test": score(labels, true, model),
        "baseline": score(labels, true, baseline),
        "difference": {key: asdict(difference)[key] for key in ("difference", "ci95", "n")},
        "task": task,
        "image_type": image_type,
        "model": "compact",
        "simulated": simulated,
        "catalog": {
            "rows_in": 10 * n + 12,
            "dropped": {"duplicate": 9, "no field": 3},
            "per_class": {
                "train": {label: 7 * count for label, count in per_class.items()},
                "validation": per_class,
                "test": per_class,
            },
        },
        "versions": {"skyclass": "0.1.0", "torch": "2.15.0"},
    }
    epochs = [
        {
            "epoch": epoch,
            "train_loss": 2 * 0.8**epoch,
            "validation_loss": 2 * 0.85**epoch + 0.004 * epoch**2,
            "validation_accuracy": 0.9 - 0.7 * 0.8**epoch,
        }
        for epoch in range(14)
    ]
    (directory / "model").mkdir(parents=True)
    (directory / "metrics.json").write_text(json.dumps(metrics))
    history = {"epochs": epochs, "best_epoch": 9}
    (directory / "model" / "history.json").write_text(json.dumps(history))
    (directory / "experiment.toml").write_text(EXPERIMENT)
    write_predictions(table, directory / "predictions.parquet")
    return metrics, StandIn(_stars(rng, n, size), true, table["objid"].tolist())
