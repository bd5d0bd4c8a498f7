"""Made-up predictions, and the experiment that they would lie in."""

from pathlib import Path
from typing import Any

import numpy as np

from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import CalibrationResult, CalibrationScores, undo_temperature
from skyclass.evaluation.metrics import Metrics, ModelScores, write_metrics
from skyclass.evaluation.predictions import make_predictions, write_predictions
from skyclass.evaluation.reliability import compute_reliability
from skyclass.evaluation.scores import score

LABELS = ("star", "galaxy", "quasar")
__all__ = ["LABELS", "catalog_report", "made_experiment", "made_shares"]


def made_shares(
    seed: int = 0, n: int = 300, k: int = 3, bonus: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw true classes and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + bonus * np.eye(k)[label]
    raw = np.exp(logits)
    return label, raw / raw.sum(axis=1, keepdims=True)


def catalog_report(labels: tuple[str, ...], n: int) -> dict[str, Any]:
    """Make up a cleaning report."""
    return {
        "task": "object-type",
        "rows_in": 3 * n + 12,
        "rows_out": 3 * n,
        "sampled_from": 3 * n,
        "dropped": {"within 1 arcsec of another": 12, "no position": 0},
        "rounded": {},
        "undetected": {},
        "unknown": {},
        "classes": dict.fromkeys(labels, n),
        "per_class": {name: dict.fromkeys(labels, n // len(labels)) for name in ("train", "test")},
        "frame_keys": True,
        "fields": 4,
        "download_bytes": 10**8,
        "leakage": 0.25,
    }


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
    label = everyone[first : first + n]
    rng = np.random.default_rng([seed, first])
    raw = np.exp(rng.normal(size=(n, 3)) + bonus * np.eye(3)[label])
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
        label=label,
        probabilities=shares,
        extra=extra,
    )
    groups = numbers // 12 if grouped else None
    drawn = {"groups": groups, "resamples": 100}
    by = score_by_condition(table, LABELS, label, shares, groups=groups)
    before, after = (
        CalibrationScores(
            ece=0.05, log_loss=0.4, brier=0.3, ci95={}, bins=compute_reliability(label, each)
        )
        for each in (undo_temperature(shares, 1.5), shares)
    )
    scores = [
        ModelScores(**dict(score(LABELS, label, each, **drawn)), by=by) for each in (shares, other)
    ]
    metrics = Metrics(
        test=scores[0],
        baseline=scores[1] if baseline else None,
        baselines={},
        difference=None,
        calibration=CalibrationResult(
            temperature=1.5, fitted_on="validation", before=before, after=after
        ),
        conformal=None,
        crowding_radius=10.0,
        task="object-type",
        ordered=False,
        image_type="ugriz",
        model="compact",
        registration="shift",
        simulated=True,
        catalog=catalog_report(LABELS, n),
        versions={},
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_metrics(metrics, folder / "metrics.json")
    write_predictions(table, folder / "predictions.parquet")
    return folder
