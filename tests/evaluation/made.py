"""Made-up predictions, and the experiment that they would lie in."""

import json
from pathlib import Path

import numpy as np

from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import reliability_table, undo_temperature
from skyclass.evaluation.metrics import score
from skyclass.evaluation.predictions import make_predictions, write_predictions

LABELS = ("star", "galaxy", "quasar")
__all__ = ["LABELS", "made_experiment", "made_shares"]


def made_shares(
    seed: int = 0, n: int = 300, k: int = 3, bonus: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw true classes and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + bonus * np.eye(k)[true]
    raw = np.exp(logits)
    return true, raw / raw.sum(axis=1, keepdims=True)


def made_experiment(
    folder: Path,
    *,
    seed: int = 0,
    n: int = 240,
    bonus: float = 2.0,
    first: int = 0,
    grouped: bool = False,
    magnitudes: bool = True,
    baseline: bool = True,
) -> Path:
    """Write metrics and predictions of an experiment on objects `first` to `first + n`."""
    everyone, _ = made_shares(99, 10_000)
    true = everyone[first : first + n]
    rng = np.random.default_rng([seed, first])
    raw = np.exp(rng.normal(size=(n, 3)) + bonus * np.eye(3)[true])
    shares = raw / raw.sum(axis=1, keepdims=True)
    other = made_shares(seed + 1, n)[1]
    numbers = np.arange(first, first + n)
    extra = {
        **{f"magnitude_{b}": rng.normal(18 - i, 1, n) for i, b in enumerate("ugriz") if magnitudes},
        **({"group": numbers // 12} if grouped else {}),
    }
    table = make_predictions(
        objid=[f"{1237648704595820000 + i}" for i in numbers],
        specobjid=[str(i) for i in numbers],
        ra=10 + numbers / 100,
        dec=numbers / 1000,
        labels=LABELS,
        true=true,
        probabilities=shares,
        extra=extra,
    )
    groups = numbers // 12 if grouped else None
    drawn = {"groups": groups, "resamples": 100}
    by = score_by_condition(table, LABELS, true, shares, groups=groups)
    calibration = {
        name: {"ece": 0.05, "bins": reliability_table(true, each)}
        for name, each in (("before", undo_temperature(shares, 1.5)), ("after", shares))
    }
    scores = {"test": shares} | ({"baseline": other} if baseline else {})
    metrics = {
        "baseline": None,
        **{name: {**score(LABELS, true, p, **drawn), "by": by} for name, p in scores.items()},
        "difference": None,
        "calibration": {"temperature": 1.5, **calibration},
        "ordered": False,
        "simulated": True,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_predictions(table, folder / "predictions.parquet")
    return folder
