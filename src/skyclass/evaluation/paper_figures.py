"""Figures for one column of a journal: each function fills a matplotlib figure."""

from itertools import islice, pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from skyclass.evaluation.intervals import ScoreInterval
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.predictions import list_magnitude_bands

__all__ = [
    "COLUMN",
    "STYLE",
    "draw_colours",
    "draw_confusion",
    "draw_magnitude",
    "draw_reliability",
]

COLUMN: Final = 3.5
"""Width in inches of one column of most astronomical journals."""

STYLE: Final[dict[Any, Any]] = {
    "font.family": "sans-serif",
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.0,
    "errorbar.capsize": 1.5,
    # text stays text; journals refuse Type 3 fonts
    "pdf.fonttype": 42,
}
"""Matplotlib settings of these figures."""

# Okabe & Ito (https://jfly.uni-koeln.de/color): told apart with any colour vision
_COLOURS: Final = (
    *("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#000000", "#F0E442"),
)
_MODEL, _OTHER, _GREY = _COLOURS[0], _COLOURS[4], "#808890"
_MARKERS: Final = "osD^vPX*"
_DARK: Final = 0.55  # share of a row from which its number is written in white
_CROWDED: Final = 10  # classes from which the matrix shows shares only
_INNER: Final = (0.3, 99.7)  # percentiles of colours that the axes show


def draw_confusion(figure: Figure, metrics: Metrics) -> None:
    """Draw the confusion matrix: shares of the true class, and numbers of objects.

    Parameters
    ----------
    figure
        Empty figure.
    metrics
        Metrics of the experiment.
    """
    labels = metrics.test.labels
    counts = np.array(metrics.test.confusion_matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes = figure.add_subplot()
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    places = np.arange(len(labels)) + 0.5
    axes.set_xticks(places, labels)
    axes.set_yticks(places, labels)
    axes.tick_params(length=0)
    axes.set(xlabel="predicted class", ylabel="true class", aspect="equal")
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    for (row, column), share in np.ndenumerate(shares):
        if counts[row, column] == 0:
            continue
        text = f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"
        if len(labels) < _CROWDED:
            text += f"\n{counts[row, column]:,}"
        colour = "white" if share > _DARK else "black"
        size = min(7.0, 46.0 / len(labels))
        axes.text(
            column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=size
        )


def draw_reliability(figure: Figure, metrics: Metrics) -> None:
    """Draw how often predictions of a stated probability are right, before and after scaling.

    Parameters
    ----------
    figure
        Empty figure.
    metrics
        Metrics of the experiment.
    """
    axes, below = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=0.8)
    calibration = metrics.calibration
    curves = [
        ("calibrated", calibration.after, _MODEL, "o-"),
        ("as trained", calibration.before, _OTHER, "s:"),
    ]
    if calibration.temperature == 1:
        curves = [("this model", calibration.after, _MODEL, "o-")]
    for name, scores, colour, style in curves:
        occupied = [each for each in scores.bins if each.count]
        values = np.array([each.accuracy for each in occupied])
        axes.errorbar(
            [each.confidence for each in occupied],
            values,
            yerr=_measure_bars(values, [each.ci95 for each in occupied]),
            fmt=style,
            color=colour,
            markersize=3,
            elinewidth=0.7,
            label=f"{name} (ECE {scores.ece:.3f})",
        )
    axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.02), ylabel="share correct")
    axes.legend(loc="upper left")
    bins = calibration.after.bins
    below.bar(
        [each.low for each in bins],
        [each.count for each in bins],
        width=[each.high - each.low for each in bins],
        align="edge",
        color=_MODEL,
        edgecolor="white",
        linewidth=0.4,
    )
    below.tick_params(direction="out")
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    below.set(xlabel="probability of the predicted class", ylabel="objects")
    figure.align_ylabels()


def draw_magnitude(figure: Figure, metrics: Metrics) -> None:
    """Draw accuracy against r magnitude, for the model and the baseline.

    Parameters
    ----------
    figure
        Empty figure.
    metrics
        Metrics of the experiment.
    """
    axes = figure.add_subplot()
    series = {
        "image model": (metrics.test, _MODEL, "o"),
        metrics.baseline_name or "baseline": (metrics.baseline, _OTHER, "s"),
    }
    for shift, (name, (scores, colour, marker)) in zip((-1, 1), series.items(), strict=True):
        if scores is None:
            continue
        bins = scores.by["magnitude_r"].bins
        ends = np.array([[each.low, each.high] for each in bins])
        # side by side, so that one interval does not hide the other
        place = np.array([each.median for each in bins]) + shift * 0.004 * np.ptp(ends)
        values = np.array([each.accuracy for each in bins])
        axes.errorbar(
            place,
            values,
            xerr=np.abs(ends.T - place),
            yerr=_measure_bars(values, [each.accuracy_ci95 for each in bins]),
            fmt=marker,
            color=colour,
            markersize=3,
            elinewidth=0.7,
            label=name,
        )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.set(xlabel="r [mag]", ylabel="accuracy")
    figure.legend(loc="outside lower center", ncols=2)


def draw_colours(figure: Figure, table: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Draw one or two colour-colour diagrams by true class, misclassified objects marked.

    Parameters
    ----------
    figure
        Empty figure.
    table
        Predictions with magnitudes in three bands or more.
    labels
        Class names in their order.
    """
    colours = [one + other for one, other in pairwise(list_magnitude_bands(table))]
    diagrams = list(islice(pairwise(colours), 2))
    panels = figure.subplots(len(diagrams), squeeze=False).ravel()
    for axes, (x, y) in zip(panels, diagrams, strict=True):
        _draw_colour_panel(axes, table, labels, x, y)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(
        *(handles, names),
        loc="outside lower center",
        ncols=min(4, len(names)),
        columnspacing=1.0,
        markerscale=1.8,
    )


def _draw_colour_panel(
    axes: Axes, table: pd.DataFrame, labels: tuple[str, ...], x: str, y: str
) -> None:
    """Draw one colour against another; `x` and `y` name two bands each."""
    values = [
        (table[f"magnitude_{pair[0]}"] - table[f"magnitude_{pair[1]}"]).to_numpy(np.float64)
        for pair in (x, y)
    ]
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    for number, label in zip(_choose_styles(len(labels)), labels, strict=True):
        rows = known & (table["label"] == label).to_numpy(bool)
        axes.plot(
            *(each[rows] for each in values),
            _MARKERS[number],
            color=_COLOURS[number],
            markersize=1.8,
            markeredgewidth=0,
            alpha=0.6,
            label=label,
        )
    wrong = known & (table["label"] != table["predicted"]).to_numpy(bool)
    axes.plot(
        *(each[wrong] for each in values),
        "o",
        color="black",
        markerfacecolor="none",
        markersize=3.6,
        markeredgewidth=0.4,
        label="misclassified",
    )
    axes.set(xlabel=f"{x[0]} − {x[1]} [mag]", ylabel=f"{y[0]} − {y[1]} [mag]")
    axes.set(xlim=_choose_limits(values[0][known]), ylim=_choose_limits(values[1][known]))


def _choose_styles(classes: int) -> list[int]:
    """Spread classes over colours and markers; more than eight classes repeat them."""
    if classes < len(_COLOURS):
        last = min(classes - 1, 1) * (len(_COLOURS) - 2)
        return [round(place) for place in np.linspace(0, last, classes)]
    return [place % len(_COLOURS) for place in range(classes)]


def _choose_limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Choose the range that an axis shows: nearly all values, and a margin."""
    low, high = np.percentile(values, _INNER)
    return low - 0.1 * (high - low), high + 0.1 * (high - low)


def _measure_bars(
    values: NDArray[np.float64], intervals: list[ScoreInterval | None]
) -> NDArray[np.float64]:
    """Compute the distances to the ends of intervals, `[2, n]`; 0 where there is no interval."""
    ends = [each or (value, value) for value, each in zip(values, intervals, strict=True)]
    return np.abs(np.array(ends).T - values)
