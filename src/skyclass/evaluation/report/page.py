"""Write the report of an experiment."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from skyclass.evaluation.metrics import SCORES
from skyclass.evaluation.report.charts import draw_charts, to_json
from skyclass.evaluation.report.gallery import Gallery
from skyclass.evaluation.report.line_charts import name_round
from skyclass.evaluation.report.number_format import FILTERS, judge_difference
from skyclass.evaluation.report.provenance import describe_provenance
from skyclass.evaluation.report.report_data import ReportData, read_report_data
from skyclass.evaluation.report.shown_objects import choose_objects, make_payload
from skyclass.files import atomic_path
from skyclass.images.registry import get_image_type

__all__ = ["write_report"]

_NAME: Final = "report.html"

_NAMES: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy (mean recall)",
    "kappa": "Cohen's kappa",
    "precision_weighted": "precision, weighted by class size",
    "recall_weighted": "recall, weighted",
    "f1_weighted": "F1, weighted",
    "precision_macro": "precision, mean of the classes",
    "recall_macro": "recall, mean of the classes",
    "f1_macro": "F1, mean of the classes",
    "top2": "true class among the two likeliest",
    "adjacent": "right or neighbouring class",
    "log_loss": "log loss (less is better)",
    "brier": "Brier score, 0 to 2 (less is better)",
    "ece": "expected calibration error (less is better)",
    "roc_auc_macro": "area under the ROC curve, mean",
    "pr_auc_macro": "area under the precision-recall curve, mean",
}


def write_report(directory: Path) -> Path:
    """Write the report of an experiment, one HTML file that asks nothing of any network.

    Parameters
    ----------
    directory
        An experiment: it holds `experiment.toml`, `metrics.json`, `predictions.parquet`, `model/`
        and `cutouts/`.

    Returns
    -------
    pathlib.Path
        `report.html` in `directory`.

    Raises
    ------
    SkyclassError
        Where one of these is missing or unreadable, they do not tell of the same objects, or the
        report cannot be written.
    """
    context = _context(read_report_data(directory))
    path = directory / _NAME
    with atomic_path(path) as partial:
        partial.write_text(_environment().get_template("report.html.j2").render(context), "utf-8")
    return path


def _context(material: ReportData) -> dict[str, Any]:
    """Gather what the templates show."""
    metrics = material.metrics
    rows = choose_objects(material.true, material.given, material.confidence)
    gallery = Gallery(material, rows)
    return {
        **metrics,
        **_scores(material),
        **draw_charts(material, gallery),
        "n": len(material.table),
        "image_type_description": get_image_type(metrics["image_type"]).description,
        "sprites": gallery.sprites,
        "objects": make_payload(material, rows, gallery.sprites),
        "samples": gallery.samples(),
        "saliency": gallery.explained(),
        "provenance": describe_provenance(material),
        "toml": material.toml,
        "plotly_js": get_plotlyjs(),
    }


def _scores(material: ReportData) -> dict[str, Any]:
    """Gather the numbers of the headline and the tables."""
    metrics = material.metrics
    scored = {"Image model": metrics["test"]}
    if metrics["baseline"]:
        scored["Colour baseline"] = metrics["baseline"]
    counts = [each["confusion_matrix"] for each in scored.values()]
    return {
        "labels": material.labels,
        "verdict": judge_difference(*metrics["difference"]["ci95"])
        if metrics["baseline"]
        else None,
        "scored": scored,
        "everything": {
            **scored,
            **{f"Colours, {name}": found for name, found in metrics["baselines"].items()},
        },
        "score_names": {name: _NAMES[name] for name in SCORES},
        "matrices": {name: _matrix(scores) for name, scores in scored.items()},
        "widest": _widest(material.labels, np.array(counts)),
        "history": material.history,
        "unit": name_round(material.history),
    }


def _matrix(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of a confusion matrix, each count with its share of the row."""
    rows = []
    for label, counts in zip(scores["labels"], scores["confusion_matrix"], strict=True):
        total = sum(counts)
        cells = [{"count": count, "share": count / total if total else 0.0} for count in counts]
        rows.append({"label": label, "total": total, "cells": cells})
    return rows


def _widest(labels: tuple[str, ...], counts: NDArray[np.int64]) -> int:
    """Give the characters of the widest column of a confusion matrix."""
    return max(len(f"{counts.max():,}"), *(min(len(label), 8) for label in labels))


def _environment() -> Environment:
    """Set up the templates; whatever a template does not call safe is escaped."""
    environment = Environment(
        loader=PackageLoader("skyclass.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.filters["json"] = to_json
    return environment
