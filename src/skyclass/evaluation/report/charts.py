"""All charts of a report, as the JSON that plotly.js draws."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from skyclass.evaluation.binned_scores import ScoreBin
from skyclass.evaluation.report.environment import to_json
from skyclass.evaluation.report.gallery import Gallery, ShownObject
from skyclass.evaluation.report.line_charts import (
    plot_accuracy,
    plot_reliability,
    plot_training_curves,
)
from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.scatter_charts import (
    MOST_POINTS,
    Points,
    plot_colours,
    plot_features,
    plot_fields,
    plot_sky,
)

__all__ = ["Charts", "ColourDiagram", "ConditionChart", "draw_charts"]

_NEAR: Final = 30.0  # degrees from the centre within which one map shows all fields
_MOST_DIAGRAMS: Final = 2
_CONDITIONS: Final = {
    "magnitude_r": ("Brightness", "magnitude in r"),
    "snr_r": ("Noise", "signal-to-noise in r"),
    "crowding": ("Neighbours", "sources nearby"),
    "seeing": ("Seeing", "FWHM in r (arcsec)"),
}


@dataclass(frozen=True)
class ConditionChart:
    """Accuracy against one observing condition."""

    chart: str
    """Name of the chart."""
    title: str
    """Heading."""
    axis: str
    """Title of the horizontal axis."""
    missing: int
    """Number of objects without a value."""
    scored: dict[str, tuple[ScoreBin, ...]]
    """Bins of each classifier, the model first."""


@dataclass(frozen=True)
class ColourDiagram:
    """A colour-colour diagram."""

    chart: str
    """Name of the chart."""
    x: str
    """Colour on the horizontal axis."""
    y: str
    """Colour on the vertical axis."""


@dataclass(frozen=True)
class Charts:
    """All charts of a report and the words beside them."""

    json: str
    """The charts by name, as JSON."""
    conditions: list[ConditionChart]
    """Accuracy against each known condition."""
    drawn: int
    """Number of objects in charts with a point per object."""
    diagrams: list[ColourDiagram]
    """Empty if there are no magnitudes."""
    places: str
    """Sentence on where the test objects lie."""
    close_up: bool
    """Whether there is a map of neighbouring fields."""
    outliers: list[tuple[int, ShownObject]]
    """Outliers of the map of features, each after its place in the page's list."""


def draw_charts(data: ReportData, gallery: Gallery) -> Charts:
    """Draw all charts.

    Parameters
    ----------
    data
        The experiment.
    gallery
        The objects that the report shows; charts draw these, or a random part of them if there are
        many.

    Returns
    -------
    Charts
        The charts and the words beside them.
    """
    order = np.random.default_rng(0).permutation(len(gallery.rows))
    places = np.sort(order[:MOST_POINTS])
    rows = gallery.rows[places]
    points = Points(
        data.labels,
        data.label[rows],
        data.predicted[rows],
        data.confidence[rows],
        places,
        [gallery.describe(int(row)).name for row in rows],
    )
    colours, diagrams = _draw_colours(data, points, rows)
    features, outliers = _draw_features(data, points, rows)
    sky, sentence = _draw_sky(data)
    conditions, by = _draw_conditions(data)
    figures = {
        **_draw_training(data),
        "reliability-diagram": plot_reliability(data.metrics.calibration),
        **conditions,
        **colours,
        **features,
        **sky,
    }
    return Charts(
        json=to_json({name: json.loads(figure.to_json()) for name, figure in figures.items()}),
        conditions=by,
        drawn=len(rows),
        diagrams=diagrams,
        places=sentence,
        close_up="close-up" in sky,
        outliers=[(int(places[i]), gallery.describe(int(rows[i]))) for i in outliers],
    )


def _draw_training(data: ReportData) -> dict[str, go.Figure]:
    """Draw the training curves; none for a saved model without them."""
    if data.history is None:
        return {}
    return {"training-curves": plot_training_curves(data.history)}


def _draw_conditions(data: ReportData) -> tuple[dict[str, go.Figure], list[ConditionChart]]:
    """Draw accuracy against the known conditions, and collect titles and numbers."""
    shown = dict(islice(data.metrics.all_baselines.items(), 1))
    if data.metrics.ceiling is not None:
        shown["ceiling"] = data.metrics.ceiling.scores
    figures, charts = {}, []
    for name, binned in data.metrics.test.by.items():
        title, axis = _CONDITIONS[name]
        scored = {"image model": binned.bins}
        scored |= {other: each.by[name].bins for other, each in shown.items()}
        chart = f"by-{name}"
        figures[chart] = plot_accuracy(scored, axis, logarithmic=name == "snr_r")
        if name == "crowding":
            figures[chart].update_xaxes(
                tickvals=[each.median for each in binned.bins],
                ticktext=_name_count_bins(binned.bins),
            )
        charts.append(ConditionChart(chart, title, axis, binned.missing, scored))
    return figures, charts


def _name_count_bins(bins: Sequence[ScoreBin]) -> list[str]:
    """Name bins of counts; each but the last ends below the next one's first count."""
    ends = [each.high - 1 for each in bins[:-1]] + [bins[-1].high]
    pairs = zip((each.low for each in bins), ends, strict=True)
    return [f"{low:g}" if low == end else f"{low:g}–{end:g}" for low, end in pairs]


def _draw_colours(
    data: ReportData, points: Points, rows: NDArray[np.int64]
) -> tuple[dict[str, go.Figure], list[ColourDiagram]]:
    """Draw the colour-colour diagrams, and name their axes; none without magnitudes."""
    if data.magnitudes is None:
        return {}, []
    colours = -np.diff(data.magnitudes[rows], axis=1)
    names = [f"{one} − {other}" for one, other in pairwise(data.survey.band_names)]
    figures, diagrams = {}, []
    for y, x in islice(pairwise(range(len(names))), _MOST_DIAGRAMS):
        name = f"colours-{x}-{y}"
        axes = names[x], names[y]
        figures[name] = plot_colours(points, colours[:, x], colours[:, y], axes)
        diagrams.append(ColourDiagram(name, *axes))
    return figures, diagrams


def _draw_features(
    data: ReportData, points: Points, rows: NDArray[np.int64]
) -> tuple[dict[str, go.Figure], list[int]]:
    """Draw the map of features, and list its outliers; none for a handful of objects."""
    if data.classifier is None:
        return {}, []
    from skyclass.evaluation.report.feature_map import FEWEST, embed, make_feature_map

    if len(rows) < FEWEST:
        return {}, []
    layout = make_feature_map(embed(data, data.classifier, rows))
    figure = plot_features(points, layout.places, layout.outliers)
    return {"feature-map": figure}, layout.outliers.tolist()


def _draw_sky(data: ReportData) -> tuple[dict[str, go.Figure], str]:
    """Draw where the fields lie, or the objects if no fields are known, and describe it."""
    spots = _locate_fields(data)
    ra, dec = spots["ra"].to_numpy(), spots["dec"].to_numpy()
    some = np.random.default_rng(0).permutation(len(spots))[:MOST_POINTS]
    figures = {"sky-map": plot_sky(ra[some], dec[some])}
    if data.field is None:
        return figures, (
            f"The catalogue names no fields; the map shows the {len(spots):,} test objects."
        )
    if len(spots) > 1 and _measure_extent(spots) < _NEAR:
        accuracy, count = spots["right"].to_numpy(), spots["count"].to_numpy()
        figures["close-up"] = plot_fields(ra[some], dec[some], accuracy[some], count[some])
    return figures, f"The test objects lie in {len(spots):,} field{'s' if len(spots) > 1 else ''}."


def _locate_fields(data: ReportData) -> pd.DataFrame:
    """Compute the centre of each field's objects, their number and their accuracy."""
    table = data.table
    ra, dec = np.radians(table["ra"].to_numpy()), np.radians(table["dec"].to_numpy())
    objects = pd.DataFrame(
        {
            "x": np.cos(dec) * np.cos(ra),
            "y": np.cos(dec) * np.sin(ra),
            "z": np.sin(dec),
            "right": data.label == data.predicted,
            "count": 1,
        }
    )
    keys = np.arange(len(table)) if data.field is None else data.field.to_numpy()
    means = {"x": "mean", "y": "mean", "z": "mean", "right": "mean", "count": "sum"}
    spots = objects.groupby(keys).agg(means)
    spots["ra"] = np.degrees(np.arctan2(spots["y"], spots["x"])) % 360
    spots["dec"] = np.degrees(np.arctan2(spots["z"], np.hypot(spots["x"], spots["y"])))
    return spots


def _measure_extent(spots: pd.DataFrame) -> float:
    """Compute the greatest distance of a field from the centre of all, in degrees."""
    places = spots[["x", "y", "z"]].to_numpy()
    middle = places.mean(axis=0)
    lengths = np.linalg.norm(places, axis=1) * np.linalg.norm(middle)
    cosines = places @ middle / np.maximum(lengths, 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))
