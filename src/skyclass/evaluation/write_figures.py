"""Write the figures of an experiment for a paper, one file each."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from skyclass.evaluation.figure_formats import check_format
from skyclass.evaluation.paper_figures import (
    COLUMN,
    STYLE,
    draw_colours,
    draw_confusion,
    draw_magnitude,
    draw_reliability,
)
from skyclass.evaluation.predictions import list_magnitude_bands
from skyclass.evaluation.read_evaluation import EvaluatedExperiment, read_evaluation
from skyclass.files import AnyPath, atomic_path
from skyclass.workspace import Workspace

__all__ = ["write_figures"]

_DPI: Final = 300
_FEWEST_BANDS: Final = 3  # of a colour-colour diagram


def write_figures(
    experiment: AnyPath, out: AnyPath | None = None, *, file_format: str = "pdf"
) -> list[Path]:
    """Draw an experiment's results, one journal column wide.

    These are `confusion`, `reliability`, `magnitude` (accuracy against r) and `colours`
    (colour-colour diagrams with misclassified objects marked); the last two only if the objects
    have magnitudes. Figures of simulated data say so.

    Parameters
    ----------
    experiment
        Directory of an experiment that has been run.
    out
        Directory to write to; by default `figures` in the experiment's directory.
    file_format
        One of `skyclass.evaluation.figure_formats.FORMATS`.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    EvaluationError
        If there is no such experiment or format.
    OutputError
        If a file cannot be written.

    Examples
    --------
    >>> [path.name for path in write_figures("stars", "figures", file_format="png")]
    ['confusion.png', 'reliability.png', 'magnitude.png', 'colours.png']
    """
    check_format(file_format)
    results = read_evaluation(Path(experiment))
    folder = Workspace(Path(experiment)).figures if out is None else Path(out)
    paths = []
    with mpl.rc_context(STYLE):
        for name, (height, draw) in _choose_figures(results).items():
            figure = Figure(figsize=(COLUMN, height), layout="constrained")
            draw(figure)
            if results.metrics.simulated:
                figure.suptitle("simulated data", x=0.99, ha="right", size=6.5, style="italic")
            paths.append(folder / f"{name}.{file_format}")
            with atomic_path(paths[-1]) as partial_path:
                figure.savefig(partial_path, dpi=_DPI, metadata=_omit_date(file_format))
    return paths


def _choose_figures(
    results: EvaluatedExperiment,
) -> dict[str, tuple[float, Callable[[Figure], None]]]:
    """List height in inches and drawing function of each figure that there are data for."""
    metrics, table = results.metrics, results.table
    drawings: dict[str, tuple[float, Callable[[Figure], None]]] = {
        "confusion": (3.4, partial(draw_confusion, metrics=metrics)),
        "reliability": (3.6, partial(draw_reliability, metrics=metrics)),
    }
    if "magnitude_r" in metrics.test.by:
        drawings["magnitude"] = (2.5, partial(draw_magnitude, metrics=metrics))
    known = table.dropna(axis="columns", how="all")
    bands = len(list_magnitude_bands(known))
    if bands >= _FEWEST_BANDS:
        colours = partial(draw_colours, table=known, labels=results.labels)
        drawings["colours"] = (5.4 if bands > _FEWEST_BANDS else 3.0, colours)
    return drawings


def _omit_date(file_format: str) -> dict[str, str | None]:
    """Omit the metadata that would differ from one call to the next."""
    return {"CreationDate": None} if file_format == "pdf" else {}
