"""Write the report of an experiment."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from plotly.offline import get_plotlyjs

from skyclass.evaluation.evaluation_record import EvaluationRecord
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.report.charts import draw_charts
from skyclass.evaluation.report.environment import make_environment
from skyclass.evaluation.report.gallery import Gallery
from skyclass.evaluation.report.line_charts import name_round
from skyclass.evaluation.report.number_format import judge_difference
from skyclass.evaluation.report.provenance import describe_provenance
from skyclass.evaluation.report.report_data import ReportData, read_report_data
from skyclass.evaluation.report.shown_objects import choose_objects, make_payload
from skyclass.evaluation.scores import SCORES, Scores
from skyclass.files import atomic_path
from skyclass.workspace import Workspace

__all__ = ["write_report"]


_SCORE_NAMES: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy (mean recall)",
    "kappa": "Cohen's kappa",
    "precision_weighted": "precision, weighted by class size",
    "recall_weighted": "recall, weighted",
    "f1_weighted": "F1, weighted",
    "precision_macro": "precision, mean of the classes",
    "recall_macro": "recall, mean of the classes",
    "f1_macro": "F1, mean of the classes",
    "top2": "true class among the two most probable",
    "adjacent": "true or neighbouring class",
    "log_loss": "log loss (lower is better)",
    "brier": "Brier score, 0 to 2 (lower is better)",
    "ece": "expected calibration error (lower is better)",
    "roc_auc_macro": "area under the ROC curve, mean",
    "pr_auc_macro": "area under the precision-recall curve, mean",
}


@dataclass(frozen=True)
class _Cell:
    """A cell of a confusion matrix."""

    count: int
    """Number of objects."""
    share: float
    """Share of the row."""


def write_report(directory: Path) -> Path:
    """Write the report of an experiment, one HTML file that needs no network.

    Parameters
    ----------
    directory
        An experiment: it holds `experiment.toml`, `metrics.json`, `predictions.parquet`, `model/`
        and `cutouts/`. Where a saved model was evaluated, `evaluation.json` is in place of
        `experiment.toml`.

    Returns
    -------
    pathlib.Path
        `report.html` in `directory`.

    Raises
    ------
    SkyclassError
        If one of these is missing or unreadable, they are of different objects, or the report
        cannot be written.
    """
    context = _gather_context(read_report_data(directory))
    path = Workspace(directory).report
    with atomic_path(path) as partial:
        template = make_environment().get_template("report.html.j2")
        partial.write_text(template.render(context), "utf-8")
    return path


def _gather_context(data: ReportData) -> dict[str, Any]:
    """Gather what the templates show."""
    metrics = data.metrics
    gallery = Gallery(data, choose_objects(data.label, data.predicted, data.confidence))
    baselines = {name.capitalize(): each for name, each in metrics.all_baselines.items()}
    all_scored = {"Image model": metrics.test, **baselines}
    scored = dict(islice(all_scored.items(), 2))
    if metrics.ceiling is not None:
        all_scored["Ceiling"] = metrics.ceiling.scores
    return {
        "metrics": metrics,
        "test": metrics.test,
        "baseline": metrics.baseline,
        "verdict": _judge(metrics),
        "labels": data.labels,
        "n": len(data.table),
        "scored": scored,
        "all_scored": all_scored,
        "score_names": {name: _SCORE_NAMES[name] for name in SCORES},
        "matrices": {name: _make_cells(scores) for name, scores in scored.items()},
        "widest": _count_digits(data, list(scored.values())),
        "history": data.history,
        "unit": None if data.history is None else name_round(data.history),
        "record": data.origin if isinstance(data.origin, EvaluationRecord) else None,
        "charts": draw_charts(data, gallery),
        "image_type_description": gallery.describe_image_type(),
        "sprites": gallery.sprites,
        "objects": make_payload(data, gallery.rows, gallery.sprites),
        "samples": gallery.draw_samples(),
        "saliency": gallery.explain(),
        "provenance": describe_provenance(data),
        "toml": data.toml,
        "plotly_js": get_plotlyjs(),
    }


def _judge(metrics: Metrics) -> str | None:
    """Judge the model against the baseline; None without a baseline."""
    return None if metrics.difference is None else judge_difference(*metrics.difference.ci95)


def _make_cells(scores: Scores) -> dict[str, list[_Cell]]:
    """Compute the cells of each row of a confusion matrix, by its true class."""
    rows = {}
    for name, counts in zip(scores.labels, scores.confusion_matrix, strict=True):
        total = max(1, sum(counts))
        rows[name] = [_Cell(count, count / total) for count in counts]
    return rows


def _count_digits(data: ReportData, scored: list[Scores]) -> int:
    """Count the characters of the widest column of a confusion matrix."""
    greatest = max(np.max(scores.confusion_matrix) for scores in scored)
    return max(len(f"{greatest:,}"), *(min(len(name), 8) for name in data.labels))
