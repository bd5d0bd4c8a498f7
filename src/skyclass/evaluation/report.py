"""The report of an experiment: one HTML file that needs nothing else."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from skyclass.errors import EvaluationError
from skyclass.evaluation.calibration import reliability
from skyclass.evaluation.metrics import adjacent_accuracy
from skyclass.evaluation.plots import reliability_diagram, training_curves
from skyclass.evaluation.predictions import predictions_of, read_predictions
from skyclass.evaluation.samples import Gallery
from skyclass.files import atomic_path
from skyclass.images import get_image_type

__all__ = ["write_report"]

_DASH = "–"
_NARROW = "\u202f"  # no-break space between a number and its unit
_MINUS = "−"


def write_report(directory: Path) -> Path:
    """Write the report of an experiment, one HTML file that asks nothing of any network.

    Parameters
    ----------
    directory
        An experiment: it holds `experiment.toml`, `metrics.json`, `predictions.parquet`,
        `model/history.json` and `cutouts/`.

    Returns
    -------
    pathlib.Path
        `report.html` in `directory`.

    Raises
    ------
    EvaluationError
        Where one of these is missing or unreadable, or they do not tell of the same objects.
    OutputError
        Where the report cannot be written.
    """
    context = _context(directory)
    path = directory / "report.html"
    with atomic_path(path) as partial:
        partial.write_text(_environment().get_template("report.html.j2").render(context), "utf-8")
    return path


def _context(directory: Path) -> dict[str, Any]:
    """Gather what the template shows."""
    metrics = _read_json(directory / "metrics.json")
    history = _read_json(directory / "model" / "history.json")
    table = read_predictions(directory / "predictions.parquet")
    labels, true, probabilities = predictions_of(table)
    _check_same_objects(directory, metrics, table)
    bins = reliability(true, probabilities)
    gallery = Gallery(
        table,
        directory / "cutouts",
        metrics["image_type"],
        metrics.get("registration", "none"),
        simulated=metrics["simulated"],
    )
    ordered = metrics["ordered"]
    scored = {"Image model": metrics["test"]}
    if metrics["baseline"]:
        scored["Colour baseline"] = metrics["baseline"]
    return {
        **metrics,
        "labels": labels,
        "image_type_description": get_image_type(metrics["image_type"]).description,
        "adjacent": adjacent_accuracy(true, probabilities.argmax(axis=1)) if ordered else None,
        "n": len(table),
        "verdict": _verdict(*metrics["difference"]["ci95"]) if metrics["baseline"] else None,
        "scored": scored,
        "matrices": {name: _matrix(scores) for name, scores in scored.items()},
        "history": history,
        "bins": [asdict(each) for each in bins],
        "training_curves": _html(training_curves(history), "training-curves"),
        "reliability_diagram": _html(reliability_diagram(bins), "reliability-diagram"),
        "plotly_js": get_plotlyjs(),
        "samples": gallery.by_class(),
        "mistakes": gallery.mistakes(),
        "experiment": _read_text(directory / "experiment.toml"),
    }


def _read_text(path: Path) -> str:
    """Read a file of the experiment."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read; run the experiment first") from error


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of the experiment."""
    try:
        values: dict[str, Any] = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{path} is not JSON: {error}") from error
    return values


def _check_same_objects(directory: Path, metrics: dict[str, Any], table: pd.DataFrame) -> None:
    """Refuse metrics of other predictions than those that the report draws."""
    right = int((table["label"] == table["predicted"]).sum())
    matrix = metrics["test"]["confusion_matrix"]
    scored = sum(map(sum, matrix)), sum(row[i] for i, row in enumerate(matrix))
    if scored != (len(table), right):
        raise EvaluationError(
            f"metrics.json in {directory} counts {scored[1]} of {scored[0]} objects right,"
            f" predictions.parquet {right} of {len(table)}; evaluate again"
        )


def _verdict(low: float, high: float) -> str:
    """Say in words what the interval of a difference says."""
    if low > 0:
        return "better"
    return "worse" if high < 0 else "no clear difference"


def _matrix(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of a confusion matrix, each count with its share of the row."""
    rows = []
    for label, counts in zip(scores["labels"], scores["confusion_matrix"], strict=True):
        total = sum(counts)
        cells = [{"count": count, "share": count / total if total else 0.0} for count in counts]
        rows.append({"label": label, "total": total, "cells": cells})
    return rows


def _html(figure: go.Figure, name: str) -> str:
    """Give a figure as HTML that finds plotly.js on its page."""
    config = {"displayModeBar": False, "responsive": True}
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, config=config, div_id=name)
    return html


def _environment() -> Environment:
    """Set up the templates; whatever a template does not call safe is escaped."""
    environment = Environment(
        loader=PackageLoader("skyclass.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    return environment


def _percent(value: float | None) -> str:
    """Write a share as a percentage."""
    return _DASH if value is None else f"{100 * value:.1f}{_NARROW}%"


def _points(value: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", _MINUS)


def _count(value: int) -> str:
    """Write a whole number."""
    return f"{value:,}"


def _decimal(value: float | None) -> str:
    """Write a number, or that there is none."""
    return _DASH if value is None else f"{value:.3f}"


def _sky(value: float) -> str:
    """Write a declination in degrees."""
    return f"{value:+.5f}".replace("-", _MINUS)


_FILTERS: dict[str, Callable[..., str]] = {
    "count": _count,
    "decimal": _decimal,
    "percent": _percent,
    "points": _points,
    "signed": _sky,
}
