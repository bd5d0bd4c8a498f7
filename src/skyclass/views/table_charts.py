"""Charts of a table of classified sources: colours, magnitudes, probabilities, strangeness."""

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from skyclass.evaluation.class_colours import NO_CLASS, get_class_colour
from skyclass.evaluation.report.line_charts import INK, apply_style
from skyclass.evaluation.report.scatter_charts import (
    MOST_POINTS,
    Points,
    plot_colours,
    plot_sky,
)

__all__ = ["TableChart", "draw_table_charts"]

_BINS: Final = 40
_MOST_DIAGRAMS: Final = 2
_HEIGHT: Final = 340


@dataclass(frozen=True)
class TableChart:
    """One chart, and the words beside it."""

    name: str
    """Identifier on the page."""
    title: str
    """Heading."""
    note: str
    """Sentence below it."""
    figure: go.Figure
    """What is drawn."""


@dataclass(frozen=True)
class _ClassifiedPoints(Points):
    """Objects without a true class."""

    def format_hover(self) -> list[str]:
        """Format the text beside the pointer."""
        return [
            f"{name}<br>{self.labels[code]}, {100 * share:.1f} %"
            for name, code, share in zip(self.names, self.predicted, self.confidence, strict=True)
        ]


def draw_table_charts(
    table: pd.DataFrame,
    labels: tuple[str, ...],
    codes: NDArray[np.int64],
    magnitudes: pd.DataFrame,
    *,
    band: str | None,
    ood_threshold: float | None,
) -> list[TableChart]:
    """Draw all charts for which a table has columns.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it, `n` rows.
    labels
        Names of the classes.
    codes
        Index of each source's class, -1 for none, `[n]`.
    magnitudes
        Of each source, one column for each band.
    band
        Band of the histogram of magnitudes; None for none.
    ood_threshold
        Value of `ood` above which a source is called out of distribution; None where not known.

    Returns
    -------
    list of TableChart
        In the order of the page.
    """
    charts = _draw_colours(table, labels, codes, magnitudes)
    if band is not None:
        axis = f"magnitude in {band}"
        figure = _plot_counts(magnitudes[band].to_numpy(), labels, codes, axis)
        charts.append(
            TableChart(
                "magnitudes",
                "Magnitudes",
                "Sources without a magnitude in this band are left out.",
                figure,
            )
        )
    probability = table["probability"].to_numpy(np.float64, na_value=np.nan)
    figure = _plot_counts(probability, labels, codes, "probability of the class", ends=(0.0, 1.0))
    note = "Where the model is calibrated, one in five sources at 0.8 belongs to another class."
    charts.append(TableChart("probabilities", "Probabilities", note, figure))
    if "ood" in table:
        charts.append(_draw_ood(table, labels, codes, ood_threshold))
    if {"ra", "dec"} <= set(table.columns):
        charts.append(_draw_places(table))
    return charts


def _draw_colours(
    table: pd.DataFrame,
    labels: tuple[str, ...],
    codes: NDArray[np.int64],
    magnitudes: pd.DataFrame,
) -> list[TableChart]:
    """Draw colour-colour diagrams; none with fewer than three bands."""
    shuffled = np.random.default_rng(0).permutation(np.flatnonzero(codes >= 0))
    rows = np.sort(shuffled[:MOST_POINTS])
    shown = table.iloc[rows]
    points = _ClassifiedPoints(
        labels,
        codes[rows],
        codes[rows],
        shown["probability"].to_numpy(np.float64),
        rows,
        [f"row {row + 1}" for row in rows.tolist()],
    )
    colours = {
        f"{one} − {other}": (magnitudes[one] - magnitudes[other]).to_numpy()[rows]
        for one, other in pairwise(magnitudes)
    }
    note = f"{len(rows):,} of {int(np.sum(codes >= 0)):,} classified sources"
    return [
        TableChart(
            f"colours-{number}",
            f"{y} against {x}",
            note + "; those that lack a magnitude are not drawn.",
            plot_colours(points, colours[x], colours[y], (x, y)),
        )
        for number, (y, x) in enumerate(islice(pairwise(colours), _MOST_DIAGRAMS))
    ]


def _plot_counts(
    values: NDArray[np.float64],
    labels: tuple[str, ...],
    codes: NDArray[np.int64],
    axis: str,
    ends: tuple[float, float] | None = None,
) -> go.Figure:
    """Plot how many sources of each class have which value, the classes on top of each other."""
    finite = np.isfinite(values)
    if ends is None:
        known = values[finite] if finite.any() else np.array([0.0, 1.0])
        ends = float(known.min()), float(known.max()) + 1e-9
    edges = np.linspace(*ends, _BINS + 1)
    figure = go.Figure()
    for code in [*range(len(labels)), -1]:
        counts, _ = np.histogram(values[finite & (codes == code)], edges)
        if counts.any():
            figure.add_trace(
                go.Bar(
                    x=((edges[:-1] + edges[1:]) / 2).round(4).tolist(),
                    y=counts.tolist(),
                    name=labels[code] if code >= 0 else "no class",
                    marker={"color": get_class_colour(code) if code >= 0 else NO_CLASS},
                )
            )
    figure.update_layout(barmode="stack", bargap=0.05)
    figure.update_layout(legend_traceorder="normal")
    figure.update_xaxes(title=axis, range=list(ends), zeroline=False)
    figure.update_yaxes(title="sources", rangemode="tozero")
    return apply_style(figure, height=_HEIGHT)


def _draw_ood(
    table: pd.DataFrame,
    labels: tuple[str, ...],
    codes: NDArray[np.int64],
    threshold: float | None,
) -> TableChart:
    """Draw how strange the sources are to the model, and the threshold."""
    values = table["ood"].to_numpy(np.float64, na_value=np.nan)
    axis = "share of training-like objects that are less strange"
    figure = _plot_counts(values, labels, codes, axis, ends=(0.0, 1.0))
    note = (
        "Objects like those of the training are spread evenly from 0 to 1; a heap at 1 is what the"
        " model has not learnt."
    )
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": INK, "dash": "dash", "width": 1.5})
        note += f" The line is the threshold, {threshold:g}."
    return TableChart("ood", "Out of distribution", note, figure)


def _draw_places(table: pd.DataFrame) -> TableChart:
    """Draw where the sources lie."""
    places = table[["ra", "dec"]].dropna().to_numpy(np.float64)
    rows = np.random.default_rng(0).permutation(len(places))[:MOST_POINTS]
    figure = plot_sky(places[rows, 0], places[rows, 1])
    note = "Equal-area projection, north up, east to the left, right ascension 180° in the middle."
    return TableChart("sky-map", "On the sky", note, figure)
