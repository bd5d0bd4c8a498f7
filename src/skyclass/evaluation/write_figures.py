"""Figures of an experiment for a paper, one file each."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from skyclass.errors import EvaluationError, nearest
from skyclass.evaluation.paper_figures import (
    COLUMN,
    STYLE,
    draw_colours,
    draw_confusion,
    draw_magnitude,
    draw_reliability,
)
from skyclass.evaluation.read_evaluation import EvaluatedExperiment, read_evaluation
from skyclass.files import AnyPath, atomic_path

__all__ = ["FORMATS", "write_figures"]

FORMATS: Final = ("pdf", "png")
"""What figures are written as: vectors, or pixels at 300 to the inch."""

_DPI: Final = 300


def write_figures(
    experiment: AnyPath, out: AnyPath | None = None, *, form: str = "pdf"
) -> list[Path]:
    """Draw an experiment's results, one journal column wide.

    `confusion`, `reliability`, `magnitude` (accuracy against r) and `colours` (colour-colour
    diagrams with errors marked); the last two only where the objects have magnitudes. Figures of
    simulated data say so.

    Parameters
    ----------
    experiment
        Directory of an experiment that has been run.
    out
        Directory to write to; `figures` in that of the experiment where not given.
    form
        One of `FORMATS`.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    EvaluationError
        Where there is no such experiment or format.
    OutputError
        Where a file cannot be written.
    """
    experiment, out = Path(experiment), None if out is None else Path(out)
    if form not in FORMATS:
        raise EvaluationError(f"unknown format {form!r}; did you mean {nearest(form, FORMATS)!r}?")
    found = read_evaluation(experiment)
    folder = out or experiment / "figures"
    paths = []
    with mpl.rc_context(STYLE):
        for name, (height, draw) in _drawings(found).items():
            figure = Figure(figsize=(COLUMN, height), layout="constrained")
            draw(figure)
            if found.metrics["simulated"]:
                figure.suptitle("simulated data", x=0.99, ha="right", size=6.5, style="italic")
            paths.append(folder / f"{name}.{form}")
            with atomic_path(paths[-1]) as partial_path:
                figure.savefig(partial_path, dpi=_DPI, metadata=_metadata(form))
    return paths


def _drawings(found: EvaluatedExperiment) -> dict[str, tuple[float, Callable[[Figure], None]]]:
    """Give height in inches and drawing of each figure that there are data for."""
    metrics, table = found.metrics, found.table
    drawings: dict[str, tuple[float, Callable[[Figure], None]]] = {
        "confusion": (3.4, partial(draw_confusion, metrics=metrics)),
        "reliability": (3.6, partial(draw_reliability, metrics=metrics)),
    }
    if "magnitude_r" in metrics["test"]["by"]:
        drawings["magnitude"] = (2.5, partial(draw_magnitude, metrics=metrics))
        colours = partial(draw_colours, table=table, labels=found.labels)
        drawings["colours"] = (5.4, colours)
    return drawings


def _metadata(form: str) -> dict[str, str | None]:
    """Leave out what would differ from one call to the next."""
    return {"CreationDate": None} if form == "pdf" else {}
