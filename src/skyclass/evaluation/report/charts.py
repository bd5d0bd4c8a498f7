"""All figures of a report, as the JSON that plotly.js draws."""

import json
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from skyclass.evaluation.report.feature_map import FEWEST, embed, make_feature_map
from skyclass.evaluation.report.gallery import Gallery
from skyclass.evaluation.report.line_charts import (
    plot_accuracy,
    plot_reliability,
    plot_training_curves,
)
from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.scatter_charts import (
    Points,
    plot_colours,
    plot_features,
    plot_fields,
    plot_sky,
)

__all__ = ["draw_charts", "to_json"]

_MOST: Final = 2000
"""Most points of a figure, so that a phone can draw it."""

_NEAR: Final = 30.0  # degrees from the middle within which one map shows all fields
_DIAGRAMS: Final = ((1, 0), (2, 1))
_CONDITIONS: Final = {
    "magnitude_r": ("Brightness", "magnitude in r"),
    "snr_r": ("Noise", "signal-to-noise in r"),
    "crowding": ("Neighbours", "sources near by"),
    "seeing": ("Seeing", "FWHM in r (arcsec)"),
}
_COLOURS: Final = ("u − g", "g − r", "r − i", "i − z")


def draw_charts(material: ReportData, gallery: Gallery) -> dict[str, Any]:
    """Draw all figures.

    Parameters
    ----------
    material
        The experiment.
    gallery
        The objects that the report shows; figures draw these, some of them where there are many.

    Returns
    -------
    dict
        `charts`, JSON of the figures by their names; and what the templates say beside them:
        `conditions`, `drawn`, `diagrams`, `places`, `close_up` and `outliers`.
    """
    order = np.random.default_rng(0).permutation(len(gallery.rows))
    places = np.sort(order[:_MOST])
    rows = gallery.rows[places]
    points = Points(
        material.labels,
        material.true[rows],
        material.given[rows],
        material.confidence[rows],
        places,
        gallery.names(places),
    )
    colours, diagrams = _colours(material, points, rows)
    features, outliers = _features(material, points, rows)
    sky, told = _sky(material)
    conditions, by = _conditions(material)
    figures = {
        "training-curves": plot_training_curves(material.history),
        "reliability-diagram": plot_reliability(material.metrics["calibration"]),
        **conditions,
        **colours,
        **features,
        **sky,
    }
    return {
        "charts": to_json({name: json.loads(each.to_json()) for name, each in figures.items()}),
        "conditions": by,
        "drawn": len(rows),
        "diagrams": diagrams,
        "places": told,
        "close_up": "close-up" in sky,
        "outliers": [gallery.facts(int(places[i])) for i in outliers],
    }


def to_json(values: Any) -> str:
    """Write JSON that may stand inside a script element.

    Parameters
    ----------
    values
        What to write.

    Returns
    -------
    str
        Without a character that HTML knows.
    """
    text = json.dumps(values, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _conditions(material: ReportData) -> tuple[dict[str, go.Figure], list[dict[str, Any]]]:
    """Draw accuracy against the conditions that are known, and give their titles and numbers."""
    metrics = material.metrics
    figures, told = {}, []
    for name, found in metrics["test"]["by"].items():
        title, axis = _CONDITIONS[name]
        scored = {"image model": found["bins"]}
        if metrics["baseline"]:
            scored["colour baseline"] = metrics["baseline"]["by"][name]["bins"]
        chart = f"by-{name}"
        figures[chart] = plot_accuracy(scored, axis, logarithmic=name == "snr_r")
        if name == "crowding":
            figures[chart].update_xaxes(
                tickvals=[each["median"] for each in found["bins"]],
                ticktext=_whole_ranges(found["bins"]),
            )
        told.append({"chart": chart, "title": title, "axis": axis, **found, "scored": scored})
    return figures, told


def _whole_ranges(bins: list[dict[str, Any]]) -> list[str]:
    """Name bins of counts; each but the last ends below the next one's first count."""
    ends = [each["high"] - 1 for each in bins[:-1]] + [bins[-1]["high"]]
    pairs = zip((each["low"] for each in bins), ends, strict=True)
    return [f"{low:g}" if low == end else f"{low:g}–{end:g}" for low, end in pairs]


def _colours(
    material: ReportData, points: Points, rows: NDArray[np.int64]
) -> tuple[dict[str, go.Figure], list[dict[str, str]]]:
    """Draw the colour-colour diagrams, and name their axes; none without magnitudes."""
    if material.magnitudes is None:
        return {}, []
    colours = -np.diff(material.magnitudes[rows], axis=1)
    figures, told = {}, []
    for x, y in _DIAGRAMS:
        name = f"colours-{x}-{y}"
        names = _COLOURS[x], _COLOURS[y]
        figures[name] = plot_colours(points, colours[:, x], colours[:, y], names)
        told.append({"name": name, "x": names[0], "y": names[1]})
    return figures, told


def _features(
    material: ReportData, points: Points, rows: NDArray[np.int64]
) -> tuple[dict[str, go.Figure], list[int]]:
    """Draw the map of features, and give its outliers; none for a handful of objects."""
    if len(rows) < FEWEST:
        return {}, []
    found = make_feature_map(embed(material, rows))
    figure = plot_features(points, found.places, found.outliers)
    return {"feature-map": figure}, found.outliers.tolist()


def _sky(material: ReportData) -> tuple[dict[str, go.Figure], str]:
    """Draw where the fields lie, or the objects where no fields are known, and say it."""
    spots = _spots(material)
    ra, dec = spots["ra"].to_numpy(), spots["dec"].to_numpy()
    some = np.random.default_rng(0).permutation(len(spots))[:_MOST]
    figures = {"sky-map": plot_sky(ra[some], dec[some])}
    if material.field is None:
        return figures, f"The catalogue tells no fields; the {len(spots):,} test objects lie here."
    if len(spots) > 1 and _extent(spots) < _NEAR:
        right, count = spots["right"].to_numpy(), spots["count"].to_numpy()
        figures["close-up"] = plot_fields(ra[some], dec[some], right[some], count[some])
    return figures, f"The test objects lie in {len(spots):,} field{'s' if len(spots) > 1 else ''}."


def _spots(material: ReportData) -> pd.DataFrame:
    """Give the middle of the objects of each field, their number and the share that is right."""
    table = material.table
    along, up = np.radians(table["ra"].to_numpy()), np.radians(table["dec"].to_numpy())
    objects = pd.DataFrame(
        {
            "x": np.cos(up) * np.cos(along),
            "y": np.cos(up) * np.sin(along),
            "z": np.sin(up),
            "right": material.true == material.given,
            "count": 1,
        }
    )
    keys = np.arange(len(table)) if material.field is None else material.field.to_numpy()
    means = {"x": "mean", "y": "mean", "z": "mean", "right": "mean", "count": "sum"}
    spots = objects.groupby(keys).agg(means)
    spots["ra"] = np.degrees(np.arctan2(spots["y"], spots["x"])) % 360
    spots["dec"] = np.degrees(np.arctan2(spots["z"], np.hypot(spots["x"], spots["y"])))
    return spots


def _extent(spots: pd.DataFrame) -> float:
    """Give the greatest distance of a field from the middle of all, in degrees."""
    places = spots[["x", "y", "z"]].to_numpy()
    middle = places.mean(axis=0)
    lengths = np.linalg.norm(places, axis=1) * np.linalg.norm(middle)
    cosines = places @ middle / np.maximum(lengths, 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))
