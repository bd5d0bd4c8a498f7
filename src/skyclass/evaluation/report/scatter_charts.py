"""Charts with a point per object or field: colours, the map of features, the sky."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from skyclass.evaluation.class_colours import CLASS_COLOURS, get_class_colour
from skyclass.evaluation.report.line_charts import INK, apply_style

__all__ = [
    "MOST_POINTS",
    "Points",
    "plot_colours",
    "plot_features",
    "plot_fields",
    "plot_sky",
    "project_hammer",
]

MOST_POINTS: Final = 2000
"""Greatest number of points in a chart, so that a phone can draw it."""

# for those who cannot tell colours apart
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star")
_MARGIN: Final = 0.06
_OUTER: Final = 0.2  # per cent of the points that may lie beyond either end of an axis
_CORNERS: Final = ("top right", "bottom left", "top left", "bottom right")
_SHARES: Final = [[0.0, "#C24F00"], [0.5, "#B8A010"], [1.0, "#0077BB"]]


@dataclass(frozen=True)
class Points:
    """Objects that charts draw."""

    labels: tuple[str, ...]
    """Class names."""
    label: NDArray[np.int64]
    """Index of each object's true class, `[n]`."""
    predicted: NDArray[np.int64]
    """Index of its predicted class, `[n]`."""
    confidence: NDArray[np.float64]
    """Probability of the predicted class, `[n]`."""
    place: NDArray[np.int64]
    """Place of each object in the page's list, `[n]`; a click on its point shows it."""
    names: Sequence[str]
    """Id or position of each object, `[n]`."""

    def format_hover(self) -> list[str]:
        """Format the text beside the pointer."""
        return [
            f"{name}<br>{self.labels[label]} → {self.labels[predicted]}, {100 * share:.1f} %"
            for name, label, predicted, share in zip(
                self.names, self.label, self.predicted, self.confidence, strict=True
            )
        ]


def plot_colours(
    points: Points, x: NDArray[np.float64], y: NDArray[np.float64], names: tuple[str, str]
) -> go.Figure:
    """Plot a colour-colour diagram with misclassified objects marked.

    Parameters
    ----------
    points
        Objects, `[n]`.
    x, y
        Colours in magnitudes, `[n]`, NaN where one is missing.
    names
        Names of the colours.

    Returns
    -------
    plotly.graph_objects.Figure
        Its axes leave out the outermost 0.2 % at either end.
    """
    figure = _draw_classes(points, x, y)
    figure.update_xaxes(title=f"{names[0]} (mag)", range=_choose_range(x))
    figure.update_yaxes(title=f"{names[1]} (mag)", range=_choose_range(y))
    return figure


def plot_features(
    points: Points, places: NDArray[np.float64], outliers: NDArray[np.int64]
) -> go.Figure:
    """Plot a map of features, its outliers numbered.

    Parameters
    ----------
    points
        Objects, `[n]`.
    places
        `[n, 2]`.
    outliers
        Rows of the objects to number, from one.

    Returns
    -------
    plotly.graph_objects.Figure
        Its axes have no numbers: on such a map only nearness has a meaning.
    """
    x, y = places.T
    figure = _draw_classes(points, x, y)
    figure.add_trace(
        go.Scatter(
            x=x[outliers],
            y=y[outliers],
            text=[f"<b>{number}</b>" for number in range(1, len(outliers) + 1)],
            mode="text",
            textposition=[_CORNERS[i % len(_CORNERS)] for i in range(len(outliers))],
            textfont={"size": 15},
            name="outlier",
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for axis, values in (("xaxis", x), ("yaxis", y)):
        figure.update_layout({axis: {"visible": False, "range": _choose_range(values, outer=0)}})
    return figure


def plot_sky(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> go.Figure:
    """Plot positions on the whole sky, in Hammer's equal-area projection.

    Parameters
    ----------
    ra, dec
        Degrees (ICRS), `[n]`.

    Returns
    -------
    plotly.graph_objects.Figure
        North up, east to the left, right ascension 180 degrees in the middle.
    """
    figure = go.Figure(_draw_graticule())
    x, y = project_hammer(ra, dec)
    hover = [f"RA {a:.3f}°, Dec {d:+.3f}°" for a, d in zip(ra, dec, strict=True)]
    marker = {"size": 7, "color": get_class_colour(0), "line": {"width": 0.5, "color": "white"}}
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="markers", marker=marker, text=hover, hoverinfo="text")
    )
    figure.update_xaxes(visible=False, range=[-2.95, 2.95])
    figure.update_yaxes(visible=False, range=[-1.5, 1.5], scaleanchor="x")
    return apply_style(figure, height=280).update_layout(
        showlegend=False, margin={"l": 4, "r": 4, "t": 4, "b": 4}
    )


def plot_fields(
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    count: NDArray[np.int64],
) -> go.Figure:
    """Plot neighbouring fields, coloured by the accuracy of their objects.

    Parameters
    ----------
    ra, dec
        Degrees (ICRS), `[n]`, within half the sky.
    accuracy
        Accuracy of each field's objects, `[n]`.
    count
        Number of test objects, `[n]`.

    Returns
    -------
    plotly.graph_objects.Figure
        North up, east to the left.
    """
    # right ascensions stay contiguous where the fields cross RA 0
    middle = np.angle(np.exp(1j * np.radians(ra)).sum(), deg=True)
    along = middle + (ra - middle + 180) % 360 - 180
    hover = [
        f"{n} test objects<br>{100 * share:.0f} % correct"
        for n, share in zip(count, accuracy, strict=True)
    ]
    bar = {"title": {"text": "correct"}, "tickformat": ".0%", "thickness": 12, "outlinewidth": 0}
    least = np.floor(10 * accuracy.min()) / 10
    marker = {
        "size": np.clip(4 + 2 * np.sqrt(count), 6, 26),
        "color": accuracy,
        "cmin": min(least, 0.9),
        "cmax": 1.0,
        "colorscale": _SHARES,
        "colorbar": bar,
        "line": {"width": 1, "color": "white"},
    }
    figure = go.Figure(
        go.Scatter(x=along, y=dec, mode="markers", marker=marker, text=hover, hoverinfo="text+x+y")
    )
    figure.update_xaxes(title="right ascension (°)", autorange="reversed", nticks=6, zeroline=False)
    figure.update_yaxes(title="declination (°)", nticks=6, automargin=True, zeroline=False)
    return apply_style(figure, height=330).update_layout(margin={"t": 16})


def project_hammer(
    ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project positions on the sky.

    Parameters
    ----------
    ra, dec
        Degrees, `[n]`.

    Returns
    -------
    x, y
        Within an ellipse of semi-axes 2 sqrt(2) and sqrt(2); east to the left.

    References
    ----------
    Snyder, J. P. 1987, Map Projections: A Working Manual (USGS Professional Paper 1395), p. 182.
    """
    half, latitude = np.radians(180 - np.mod(ra, 360)) / 2, np.radians(dec)
    scale = np.sqrt(2 / (1 + np.cos(latitude) * np.cos(half)))
    return 2 * scale * np.cos(latitude) * np.sin(half), scale * np.sin(latitude)


def _draw_classes(points: Points, x: NDArray[np.float64], y: NDArray[np.float64]) -> go.Figure:
    """Draw objects by their true class, and rings around the misclassified ones."""
    hover = np.array(points.format_hover(), dtype=object)
    known = np.isfinite(x) & np.isfinite(y)
    figure = go.Figure()
    for code, label in enumerate(points.labels):
        here = known & (points.label == code)
        if here.any():
            look = {
                "color": get_class_colour(code),
                "symbol": _SYMBOLS[(code + code // len(CLASS_COLOURS)) % len(_SYMBOLS)],
                "size": 7,
                "opacity": 0.8,
            }
            figure.add_trace(
                _draw_dots(x[here], y[here], hover[here], points.place[here], label, look)
            )
    wrong = known & (points.label != points.predicted)
    if wrong.any():
        ring = {"color": INK, "symbol": "circle-open", "size": 11, "line": {"width": 1.4}}
        figure.add_trace(
            _draw_dots(x[wrong], y[wrong], hover[wrong], points.place[wrong], "wrong", ring)
        )
    # plotly makes every entry as wide as the widest, unless a width is set
    widest = max(5, *(min(len(label), 12) for label in points.labels))
    return (
        apply_style(figure)
        .update_layout(legend={"entrywidth": 9 * widest})
        .update_xaxes(zeroline=False)
        .update_yaxes(zeroline=False)
    )


def _draw_dots(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    hover: NDArray[np.object_],
    place: NDArray[np.int64],
    name: str,
    marker: dict[str, Any],
) -> go.Scatter:
    """Draw some objects with one marker."""
    return go.Scatter(
        x=x.round(3),
        y=y.round(3),
        text=hover.tolist(),
        customdata=place.tolist(),
        hoverinfo="text",
        mode="markers",
        name=name,
        marker=marker,
    )


def _choose_range(values: NDArray[np.float64], outer: float = _OUTER) -> list[float] | None:
    """Choose the ends of an axis, a little beyond nearly all values."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return None
    low, high = np.percentile(finite, [outer, 100 - outer])
    margin = _MARGIN * max(high - low, 0.1)
    return [float(low - margin), float(high + margin)]


def _draw_graticule() -> list[go.Scatter]:
    """Draw meridians and parallels."""
    along, across = np.linspace(-90, 90, 61), np.linspace(0.01, 359.99, 121)
    lines = [(np.full_like(along, ra), along) for ra in (0.01, 60, 120, 180, 240, 300, 359.99)]
    lines += [(across, np.full_like(across, dec)) for dec in (-60, -30, 0, 30, 60)]
    line = {"color": "#808890", "width": 0.8}
    traces = []
    for ra, dec in lines:
        x, y = project_hammer(ra, dec)
        traces.append(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip"))
    names = {"60°": (60, 0), "180°": (180, 0), "300°": (300, 0), "+60°": (180, 60)}
    x, y = project_hammer(*np.array(list(names.values()), dtype=np.float64).T)
    traces.append(
        go.Scatter(
            x=x,
            y=y,
            text=list(names),
            mode="text",
            textposition="top right",
            textfont={"size": 11},
            hoverinfo="skip",
        )
    )
    return traces
