"""Write the report of an experiment."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from skyclass.evaluation.calibration import reliability
from skyclass.evaluation.metrics import adjacent_accuracy
from skyclass.evaluation.report.figures import charts_of, to_json
from skyclass.evaluation.report.inputs import Evaluated, read_evaluated
from skyclass.evaluation.report.objects import choose, payload
from skyclass.evaluation.report.pictures import Gallery
from skyclass.evaluation.report.provenance import provenance
from skyclass.evaluation.report.words import FILTERS, verdict
from skyclass.files import atomic_path
from skyclass.images import get_image_type

__all__ = ["write_report"]

_NAME: Final = "report.html"


def write_report(directory: Path) -> Path:
    """Write the report of an experiment, one HTML file that asks nothing of any network.

    Parameters
    ----------
    directory
        An experiment: it holds `experiment.toml`, `metrics.json`, `predictions.parquet`,
        `catalog.parquet`, `model/` and `cutouts/`.

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
    context = _context(read_evaluated(directory))
    path = directory / _NAME
    with atomic_path(path) as partial:
        partial.write_text(_environment().get_template("report.html.j2").render(context), "utf-8")
    return path


def _context(evaluated: Evaluated) -> dict[str, Any]:
    """Gather what the templates show."""
    metrics = evaluated.metrics
    rows = choose(evaluated.true, evaluated.given, evaluated.confidence)
    gallery = Gallery(evaluated, rows)
    return {
        **metrics,
        **_scores(evaluated),
        **charts_of(evaluated, gallery),
        "n": len(evaluated.table),
        "image_type_description": get_image_type(metrics["image_type"]).description,
        "sprites": gallery.sprites,
        "objects": payload(evaluated, rows, gallery.sprites),
        "samples": gallery.samples(),
        "saliency": gallery.explained(),
        "provenance": provenance(evaluated),
        "toml": evaluated.toml,
        "plotly_js": get_plotlyjs(),
    }


def _scores(evaluated: Evaluated) -> dict[str, Any]:
    """Gather the numbers of the headline and the tables."""
    metrics, true, given = evaluated.metrics, evaluated.true, evaluated.given
    scored = {"Image model": metrics["test"]}
    if metrics["baseline"]:
        scored["Colour baseline"] = metrics["baseline"]
    counts = [each["confusion_matrix"] for each in scored.values()]
    bins = reliability(true, evaluated.probabilities)
    return {
        "labels": evaluated.labels,
        "adjacent": adjacent_accuracy(true, given) if metrics["ordered"] else None,
        "verdict": verdict(*metrics["difference"]["ci95"]) if metrics["baseline"] else None,
        "scored": scored,
        "matrices": {name: _matrix(scores) for name, scores in scored.items()},
        "widest": _widest(evaluated.labels, np.array(counts)),
        "history": evaluated.history,
        "bins": [asdict(each) for each in bins],
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
