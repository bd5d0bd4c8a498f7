"""Run the cells of a study: one after another here, or on the workers of a Dask cluster."""

import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from skyclass.cluster import call_on_cluster
from skyclass.errors import SkyclassError
from skyclass.files import atomic_path
from skyclass.pipeline.experiment import run_config
from skyclass.progress import Progress, Stage, no_progress
from skyclass.studies.cells import Cell
from skyclass.studies.shared_objects import objects_of

__all__ = ["failure_of", "note_failure", "run_cells"]

_ONE_AT_A_TIME: Final = threading.Lock()
"""A process trains one model at a time: its random numbers are those of the whole process."""


def run_cells(
    cells: Sequence[Cell], out: Path, *, scheduler: str | None = None, progress: Progress
) -> None:
    """Run cells; one that fails leaves a note, and the others go on.

    Parameters
    ----------
    cells
        Cells whose data sets are prepared; what is up to date in one is not done again.
    out
        Directory of the study.
    scheduler
        Address of a Dask scheduler whose workers see the same folders; none works here.
    progress
        Called with the stage or a cell's name, steps done and steps in all.

    Raises
    ------
    ClusterError
        If Dask is not installed, or the scheduler cannot be reached.
    """
    out = out.resolve()
    results = (
        _in_turn(cells, out, progress) if scheduler is None else _on_cluster(cells, out, scheduler)
    )
    progress(Stage.CELLS, 0, len(cells))
    for count, (cell, failure) in enumerate(results, 1):
        note_failure(cell, out, failure)
        progress(Stage.CELLS, count, len(cells))


def note_failure(cell: Cell, out: Path, failure: str | None) -> None:
    """Write down why a cell failed, or that it does no longer.

    Parameters
    ----------
    cell
        Cell.
    out
        Directory of the study.
    failure
        Why; the first line is shown. None where it did not.
    """
    note = _note(cell, out)
    if failure is None:
        note.unlink(missing_ok=True)
        return
    with atomic_path(note) as partial:
        partial.write_text(failure, encoding="utf-8")


def failure_of(cell: Cell, out: Path) -> str | None:
    """Give the reason for which a cell failed when it was last run.

    Parameters
    ----------
    cell
        Cell.
    out
        Directory of the study.

    Returns
    -------
    str or None
        One line; None where it did not fail.
    """
    note = _note(cell, out)
    return note.read_text(encoding="utf-8").splitlines()[0] if note.exists() else None


def _note(cell: Cell, out: Path) -> Path:
    """Name the file that tells of a failure; it lies beside the cell's directory."""
    return out / "cells" / f"{cell.name}.failed"


def _in_turn(
    cells: Sequence[Cell], out: Path, progress: Progress
) -> Iterator[tuple[Cell, str | None]]:
    """Run cells one after another."""
    for cell in cells:
        yield cell, _run_cell(cell, out, progress)


def _on_cluster(
    cells: Sequence[Cell], out: Path, scheduler: str
) -> Iterator[tuple[Cell, str | None]]:
    """Run cells on the workers of a cluster."""
    for number, future in call_on_cluster(scheduler, _run_cell, [(cell, out) for cell in cells]):
        lost = future.exception()
        yield cells[number], repr(lost) if lost else future.result()


def _run_cell(cell: Cell, out: Path, progress: Progress = no_progress) -> str | None:
    """Run one cell; give why it failed, if it did."""

    def report(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == Stage.TRAINING:
            progress(cell.name, done, total, detail)

    with _ONE_AT_A_TIME:
        try:
            objects, place = objects_of(cell, out / "data"), out / "cells" / cell.name
            run_config(cell.config, place, objects=objects, report=False, progress=report)
        except SkyclassError as error:
            return str(error)
        except Exception as error:
            return f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    return None
