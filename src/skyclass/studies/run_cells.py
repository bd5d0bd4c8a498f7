"""Run the cells of a study: one after another here, or on the workers of a Dask cluster."""

import threading
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from skyclass.cluster import call_on_cluster
from skyclass.errors import SkyclassError
from skyclass.files import atomic_path
from skyclass.pipeline.experiment import run_prepared
from skyclass.pipeline.prepared_experiment import prepare_experiment
from skyclass.progress import Progress, Stage, no_progress
from skyclass.studies.cells import Cell
from skyclass.studies.shared_objects import load_objects
from skyclass.studies.study_workspace import StudyWorkspace

__all__ = ["read_failure", "run_cells", "write_failure"]

_ONE_AT_A_TIME: Final = threading.Lock()
"""A process trains one model at a time: its random numbers are those of the whole process."""


def run_cells(
    cells: Sequence[Cell],
    workspace: StudyWorkspace,
    *,
    scheduler: str | None = None,
    progress: Progress,
) -> None:
    """Run cells; one that fails leaves a note, and the others are still run.

    Parameters
    ----------
    cells
        Cells whose data sets are prepared; what is up to date in one is not repeated.
    workspace
        Directory of the study.
    scheduler
        Address of a Dask scheduler whose workers see the same folders; by default all cells run
        in this process.
    progress
        Called with the stage or a cell's name, steps done and steps in all.

    Raises
    ------
    ClusterError
        If Dask is not installed, or the scheduler cannot be reached.
    """
    workspace = replace(workspace, root=workspace.root.resolve())
    results = (
        _run_in_turn(cells, workspace, progress)
        if scheduler is None
        else _run_on_cluster(cells, workspace, scheduler)
    )
    progress(Stage.CELLS, 0, len(cells))
    for count, (cell, failure) in enumerate(results, 1):
        write_failure(cell, workspace, failure)
        progress(Stage.CELLS, count, len(cells))


def write_failure(cell: Cell, workspace: StudyWorkspace, failure: str | None) -> None:
    """Write down why a cell failed, or remove the note of an earlier failure.

    Parameters
    ----------
    cell
        Cell.
    workspace
        Directory of the study.
    failure
        Reason, whose first line is shown; None if the cell did not fail.
    """
    note = workspace.failure(cell.name)
    if failure is None:
        note.unlink(missing_ok=True)
        return
    with atomic_path(note) as partial:
        partial.write_text(failure, encoding="utf-8")


def read_failure(name: str, workspace: StudyWorkspace) -> str | None:
    """Read why a cell failed when it was last run.

    Parameters
    ----------
    name
        Name of the cell.
    workspace
        Directory of the study.

    Returns
    -------
    str or None
        One line; None if it did not fail.
    """
    note = workspace.failure(name)
    return note.read_text(encoding="utf-8").splitlines()[0] if note.exists() else None


def _run_in_turn(
    cells: Sequence[Cell], workspace: StudyWorkspace, progress: Progress
) -> Iterator[tuple[Cell, str | None]]:
    """Run cells one after another."""
    for cell in cells:
        yield cell, _run_cell(cell, workspace, progress)


def _run_on_cluster(
    cells: Sequence[Cell], workspace: StudyWorkspace, scheduler: str
) -> Iterator[tuple[Cell, str | None]]:
    """Run cells on the workers of a cluster."""
    calls = [(cell, workspace) for cell in cells]
    for number, future in call_on_cluster(scheduler, _run_cell, calls):
        lost = future.exception()
        yield cells[number], repr(lost) if lost else future.result()


def _run_cell(
    cell: Cell, workspace: StudyWorkspace, progress: Progress = no_progress
) -> str | None:
    """Run one cell; return why it failed, if it did."""

    def show(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == Stage.TRAINING:
            progress(cell.name, done, total, detail)

    with _ONE_AT_A_TIME:
        try:
            objects, out = load_objects(cell, workspace), workspace.cell(cell.name).root
            prepared = prepare_experiment(cell.config, out, objects=objects)
            run_prepared(prepared, report=False, progress=show)
        except SkyclassError as error:
            return str(error)
        except Exception as error:
            return f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    return None
