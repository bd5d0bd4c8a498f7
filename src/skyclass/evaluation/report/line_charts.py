"""Charts of training, calibration and conditions; the style sheet colours their text and grid."""

from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from skyclass.evaluation.binned_scores import ScoreBin
from skyclass.evaluation.calibration import CalibrationResult
from skyclass.evaluation.intervals import ScoreInterval
from skyclass.evaluation.reliability import ReliabilityBin
from skyclass.models.training_history import TrainingHistory

__all__ = [
    "INK",
    "apply_style",
    "name_round",
    "plot_accuracy",
    "plot_reliability",
    "plot_training_curves",
]

# Okabe & Ito (https://jfly.uni-koeln.de/color): told apart with any colour vision, and both
# stand out from white and from black
_BLUE: Final = "#0072B2"
_VERMILLION: Final = "#D55E00"
_GREY: Final = "#808890"

INK: Final = "rgb(1, 2, 3)"
"""Colour of what is dark on a light page and light on a dark one; the style sheet replaces it."""


def name_round(history: TrainingHistory) -> str:
    """Name the period between two validations.

    Parameters
    ----------
    history
        Rounds of the training.

    Returns
    -------
    str
        ``epoch``, or ``round`` if validations are not an epoch apart.
    """
    whole = history.validate_every == history.steps_per_epoch
    return "epoch" if whole else "round"


def plot_training_curves(history: TrainingHistory) -> go.Figure:
    """Plot loss and accuracy against the epoch or round, the best one marked.

    Parameters
    ----------
    history
        Rounds of the training.

    Returns
    -------
    plotly.graph_objects.Figure
        Losses above, validation accuracy below.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08)
    rounds = history.epochs
    for row, values, name, colour, dash in (
        (1, [each.train_loss for each in rounds], "training", _VERMILLION, "dot"),
        (1, [each.validation_loss for each in rounds], "validation", _BLUE, "solid"),
        (2, [each.validation_accuracy for each in rounds], "validation accuracy", _BLUE, "solid"),
    ):
        figure.add_trace(_draw_curve(history, values, name, colour, dash), row=row, col=1)
    figure.data[2].showlegend = False
    figure.add_vline(x=history.best_epoch + 1, line={"color": _GREY, "dash": "dash", "width": 1.5})
    figure.add_annotation(
        x=history.best_epoch + 1,
        y=1,
        yref="y domain",
        text="best",
        showarrow=False,
        xanchor="auto",
        yanchor="bottom",
    )
    figure.update_yaxes(title="loss", row=1, rangemode="tozero")
    figure.update_yaxes(title="accuracy", tickformat=".0%", row=2)
    figure.update_xaxes(title=name_round(history), row=2, dtick=max(1, len(history.epochs) // 8))
    return apply_style(figure)


def plot_reliability(calibration: CalibrationResult) -> go.Figure:
    """Plot how often predictions of a stated probability are right, and how many there are.

    Parameters
    ----------
    calibration
        Before and after temperature scaling.

    Returns
    -------
    plotly.graph_objects.Figure
        Accuracy against probability with 95 % intervals above, also before temperature scaling
        if there was any; counts below.
    """
    figure = make_subplots(
        rows=2, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.68, 0.32]
    )
    figure.add_trace(_draw_diagonal(), row=1, col=1)
    bins = calibration.after.bins
    scaled = calibration.temperature != 1
    if scaled:
        before = _draw_reliability(calibration.before.bins, "before scaling")
        marker = {"color": _VERMILLION, "symbol": "circle-open"}
        before.update(mode="markers", marker=marker, error_y={"visible": False})
        figure.add_trace(before, row=1, col=1)
    name = "after temperature scaling" if scaled else "this model"
    # no line: between a bin of one object and its neighbour it would be noise drawn bold
    after = _draw_reliability(bins, name).update(mode="markers")
    figure.add_trace(after, row=1, col=1)
    figure.add_trace(_draw_counts(bins), row=2, col=1)
    figure.update_yaxes(title="share correct", range=[-0.03, 1.03], tickformat=".0%", row=1)
    # room for the numbers above the bars
    top = 1.25 * max(each.count for each in bins)
    figure.update_yaxes(title="objects", range=[0, top], nticks=4, row=2)
    figure.update_xaxes(range=[-0.04, 1.04], tickformat=".0%")
    figure.update_xaxes(title="probability of the predicted class", row=2)
    return apply_style(figure)


def plot_accuracy(
    scored: Mapping[str, Sequence[ScoreBin]], axis: str, *, logarithmic: bool = False
) -> go.Figure:
    """Plot the accuracy in bins of an observing condition.

    Parameters
    ----------
    scored
        Bins of each classifier.
    axis
        Title of the axis.
    logarithmic
        Whether the axis is logarithmic.

    Returns
    -------
    plotly.graph_objects.Figure
        Each bin at its median, with 95 % intervals.
    """
    figure = go.Figure()
    looks = (
        (_BLUE, "solid", "circle"),
        (_VERMILLION, "dot", "square"),
        (_GREY, "dash", "diamond"),
    )
    for (name, bins), (colour, dash, symbol) in zip(scored.items(), looks, strict=False):
        points = [(each.median, each.accuracy, each.accuracy_ci95) for each in bins]
        curve = _draw_accuracies(points, name)
        curve.update(line={"color": colour, "dash": dash}, marker={"symbol": symbol})
        figure.add_trace(curve)
    every = [each for bins in scored.values() for each in bins]
    least = min((each.accuracy_ci95 or [each.accuracy])[0] for each in every)
    figure.update_yaxes(title="accuracy", tickformat=".0%", range=[max(0.0, least - 0.04), 1.02])
    figure.update_xaxes(title=axis, zeroline=False)
    if logarithmic:
        steps = [10.0**decade * part for decade in range(-1, 6) for part in (1, 2, 5)]
        figure.update_xaxes(type="log", tickvals=steps, ticktext=[f"{step:g}" for step in steps])
    return apply_style(figure, height=340)


def _draw_curve(
    history: TrainingHistory, values: Sequence[float], name: str, colour: str, dash: str
) -> go.Scatter:
    """Draw a value of every round of the training, counted from 1."""
    return go.Scatter(
        x=[each.epoch + 1 for each in history.epochs],
        y=list(values),
        name=name,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 2},
        marker={"size": 4},
    )


def _draw_diagonal() -> go.Scatter:
    """Draw the diagonal of a perfectly calibrated model."""
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        name="perfect",
        mode="lines",
        line={"color": _GREY, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )


def _draw_reliability(bins: Sequence[ReliabilityBin], name: str) -> go.Scatter:
    """Draw the accuracy of each bin that has objects."""
    points = [
        (each.confidence, each.accuracy, each.ci95)
        for each in bins
        if each.confidence is not None and each.accuracy is not None
    ]
    return _draw_accuracies(points, name)


def _draw_accuracies(
    points: Sequence[tuple[float, float, ScoreInterval | None]], name: str
) -> go.Scatter:
    """Draw accuracies with their intervals; each point is a place, an accuracy and its interval."""
    # an interval is missing where a bin has objects of one field only
    pairs = [(accuracy, ends or ScoreInterval(accuracy, accuracy)) for _, accuracy, ends in points]
    return go.Scatter(
        x=[place for place, _, _ in points],
        y=[accuracy for accuracy, _ in pairs],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [ends.high - accuracy for accuracy, ends in pairs],
            "arrayminus": [accuracy - ends.low for accuracy, ends in pairs],
            "thickness": 1.5,
            "width": 4,
        },
        name=name,
        mode="lines+markers",
        line={"color": _BLUE, "width": 2},
        marker={"size": 8},
    )


def _draw_counts(bins: Sequence[ReliabilityBin]) -> go.Bar:
    """Draw the number of objects in each bin."""
    counts = [each.count for each in bins]
    return go.Bar(
        x=[(each.low + each.high) / 2 for each in bins],
        y=counts,
        text=[f"{count:,}" if count else "" for count in counts],
        textposition="outside",
        cliponaxis=False,
        marker={"color": _BLUE},
        name="objects",
        showlegend=False,
    )


def apply_style(figure: go.Figure, height: int = 440) -> go.Figure:
    """Style a figure for a page of any background.

    Parameters
    ----------
    figure
        Changed in place.
    height
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        The same figure.
    """
    return figure.update_layout(
        template="none",
        height=height,
        margin={"l": 62, "r": 16, "t": 40, "b": 52},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        dragmode=False,
    ).update_xaxes(title_standoff=8)
