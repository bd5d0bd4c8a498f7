"""Learning curves as SVG: ours and, beside them, the published ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclass.studies.result_tables import epochs_of
from skyclass.studies.study_results import CellResult

__all__ = ["Line", "Panel", "panels_of"]

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
    """As SVG's `polyline` takes them."""
    colour: str
    """Colour of the model."""
    dashed: bool
    """Whether it is of the validation objects."""


@dataclass(frozen=True)
class Panel:
    """Curves in one frame."""

    title: str
    """What they are of."""
    lines: tuple[Line, ...]
    """Curves."""
    epochs: int
    """Last epoch."""
    ticks: tuple[tuple[float, str], ...]
    """Heights and texts of the marks at the axis of accuracy."""


def panels_of(group: Sequence[CellResult]) -> list[Panel]:
    """Draw the learning curves of cells of one data set and image type.

    Parameters
    ----------
    group
        Cells.

    Returns
    -------
    list of Panel
        Ours and, where there are any, the published ones, on the same axes; empty where there is
        nothing to draw.
    """
    named = {f"{c.model.label}{f' (seed {c.seed})' if c.seed > 1 else ''}": c for c in group}
    ours = {name: epochs_of(cell) for name, cell in named.items()}
    theirs = {cell.model.label: dict(cell.published.epochs) for cell in group}
    found = [each for each in (*ours.values(), *theirs.values()) if each]
    if not any(ours.values()):
        return []
    last = max(epoch for each in found for epoch, _ in each)
    values = [value for each in found for value in each.values()]
    low = min(values) // _STEP * _STEP
    names = dict.fromkeys([*ours, *theirs])
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    panels = [_panel(f"{_title(group[0])}: here", ours, colours, low, last)]
    if any(theirs.values()):
        panels.append(_panel(f"{_title(group[0])}: published", theirs, colours, low, last))
    return panels


def _title(cell: CellResult) -> str:
    """Name what the cells have in common."""
    return f"{cell.data_set.label}, {cell.image_type.label}"


def _panel(
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
