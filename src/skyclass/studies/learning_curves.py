"""Learning curves as SVG: ours and, beside them, the published ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclass.studies.result_tables import collect_accuracies
from skyclass.studies.study_results import CellResult

__all__ = ["Line", "Panel", "draw_panels"]

WIDTH: Final = 300.0
HEIGHT: Final = 190.0
"""Of the plot inside a panel, in SVG's pixels."""

_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, which colour-blind readers tell apart (https://jfly.uni-koeln.de/color/)."""

_STEP: Final = 0.1


@dataclass(frozen=True)
class Line:
    """One curve."""

    name: str
    """Model."""
    points: str
    """Points of an SVG ``polyline``."""
    colour: str
    """Colour of the model."""
    dashed: bool
    """Whether it shows the validation objects."""


@dataclass(frozen=True)
class Panel:
    """Curves in one frame."""

    title: str
    """Heading."""
    lines: tuple[Line, ...]
    """Curves."""
    epochs: int
    """Last epoch."""
    ticks: tuple[tuple[float, str], ...]
    """Heights and texts of the marks at the axis of accuracy."""


def draw_panels(group: Sequence[CellResult]) -> list[Panel]:
    """Draw the learning curves of cells of one data set and image type.

    Parameters
    ----------
    group
        Cells.

    Returns
    -------
    list of Panel
        Our curves and, if there are any, the published ones, on the same axes; empty if there is
        nothing to draw.
    """
    named = {f"{c.model.label}{f' (seed {c.seed})' if c.seed > 1 else ''}": c for c in group}
    ours = {name: collect_accuracies(cell) for name, cell in named.items()}
    theirs = {cell.model.label: dict(cell.published.epochs) for cell in group}
    curves = [each for each in (*ours.values(), *theirs.values()) if each]
    if not any(ours.values()):
        return []
    last = max(epoch for each in curves for epoch, _ in each)
    values = [value for each in curves for value in each.values()]
    low = min(values) // _STEP * _STEP
    names = dict.fromkeys([*ours, *theirs])
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    title = _format_title(group[0])
    panels = [_draw_panel(f"{title}: here", ours, colours, low, last)]
    if any(theirs.values()):
        panels.append(_draw_panel(f"{title}: published", theirs, colours, low, last))
    return panels


def _format_title(cell: CellResult) -> str:
    """Format what the cells have in common."""
    return f"{cell.data_set.label}, {cell.image_type.label}"


def _draw_panel(
    title: str,
    curves: Mapping[str, Mapping[tuple[int, str], float]],
    colours: Mapping[str, str],
    low: float,
    last: int,
) -> Panel:
    """Draw one panel; the axis of accuracy goes from `low` to 1."""

    def height(value: float) -> float:
        return HEIGHT * (1 - (value - low) / (1 - low))

    lines = []
    for name, values in curves.items():
        for measure in ("train_accuracy", "validation_accuracy"):
            points = " ".join(
                f"{WIDTH * (epoch - 1) / max(1, last - 1):.1f},{height(value):.1f}"
                for (epoch, kind), value in sorted(values.items())
                if kind == measure
            )
            if points:
                dashed = measure == "validation_accuracy"
                lines.append(Line(name, points, colours[name], dashed))
    steps = range(round(low / _STEP), round(1 / _STEP) + 1)
    ticks = tuple((height(step * _STEP), f"{step * _STEP:.1f}") for step in steps)
    return Panel(title, tuple(lines), last, ticks)
