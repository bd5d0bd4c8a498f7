"""Run a study: its data sets, its cells, its comparison."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

from skyclass.claim import check_claim, claim_directory
from skyclass.cluster import check_scheduler
from skyclass.config.section import Settings
from skyclass.errors import SkyclassError, StudyError
from skyclass.files import AnyPath, atomic_path
from skyclass.pipeline.check_experiment import check_access
from skyclass.progress import Progress, no_progress
from skyclass.studies.cells import Cell, make_cells
from skyclass.studies.resolve_study import ResolvedStudy, resolve_study
from skyclass.studies.run_cells import read_failure, run_cells, write_failure
from skyclass.studies.shared_objects import prepare_data_set
from skyclass.studies.simulated_archive import serve_simulated_survey
from skyclass.studies.study_report import write_study_report
from skyclass.studies.study_results import StudyRecord
from skyclass.studies.study_workspace import StudyWorkspace

__all__ = ["StudyResult", "run_study"]

_REAL: Final = "of the real archives"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class StudyResult:
    """Outcome of a study."""

    directory: Path
    """Directory of the study."""
    cells: int
    """Number of cells."""
    failures: dict[str, str]
    """Reasons of failure by the names of the cells."""

    @property
    def report(self) -> Path:
        """Path of the report."""
        return StudyWorkspace(self.directory).report

    @property
    def headline(self) -> str:
        """Number of cells that are finished."""
        return f"{self.cells - len(self.failures)} of {self.cells} cells finished"

    def __repr__(self) -> str:
        """Return the headline in one line."""
        return f"<StudyResult: {self.headline}; report: {self.report}>"

    def _repr_html_(self) -> str:
        """Return the headline, a link to the report, and the failures for notebooks."""
        link = f'<a href="{escape(self.report.as_posix())}">report</a>'
        failures = "".join(
            f"<li>{escape(cell)}: {escape(why)}</li>" for cell, why in self.failures.items()
        )
        return f"<p>{self.headline}; {link}</p>" + (f"<ul>{failures}</ul>" if failures else "")


def run_study(
    name: AnyPath,
    out: AnyPath,
    *,
    simulated: bool = False,
    scale: float | None = None,
    scheduler: str | None = None,
    progress: Progress = no_progress,
) -> StudyResult:
    """Run all cells of a study and compare them; what is up to date is not repeated.

    A setting that another overrides with a different value is logged (`resolve_study`).

    Each cell is an experiment of its own in ``cells/<data set>/<image type>/<model>/<seed>``.
    Cells that fail leave a note and are tried again by the next call.

    Parameters
    ----------
    name
        Study file (TOML), or the name of a study that comes with skyclass.
    out
        Directory of the study: new, empty, or begun with the same study.
    simulated
        Whether it runs on a simulated survey, served by the local archive.
    scale
        Fraction of the real numbers of objects, with `simulated`; 0.02 by default.
    scheduler
        Address of a Dask scheduler whose workers see `out` under the same name.
    progress
        Called with the stage or a cell's name, steps done and steps in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    StudyResult
        Failed cells and the path of the report.

    Raises
    ------
    SkyclassError
        If the study file or an experiment of it is invalid, or `out` holds something else.

    Examples
    --------
    >>> import skyclass
    >>> result = skyclass.run_study("study.toml", "study")
    >>> result
    <StudyResult: 2 of 2 cells finished; report: study/report.html>
    """
    workspace = StudyWorkspace(Path(out))
    resolved = resolve_study(name, simulated=simulated, scale=scale)
    study, scale, cells = resolved.study, resolved.scale, list(resolved.cells)
    for override in resolved.overrides:
        _log.log(logging.INFO if override.new is None else logging.WARNING, "%s", override)
    record = StudyRecord(study=study, source=Path(name).name, scale=scale)
    is_begun = check_claim(
        workspace.study_file,
        kind="study",
        compare=partial(_compare_study, record),
        error=StudyError,
    )
    _check_access(cells, scheduler, is_begun=is_begun)
    _claim(workspace, record, resolved.published)
    with _serve_survey(resolved, workspace, progress) as place:
        if place:
            cells = make_cells(study, resolved.base, scale=scale, place=place)
        ready = []
        for group in _group_by_data_set(cells):
            ready += _prepare(group, workspace, progress)
        run_cells(ready, workspace, scheduler=scheduler, progress=progress)
    write_study_report(workspace.root)
    failures = {cell.name: read_failure(cell.name, workspace) for cell in cells}
    return StudyResult(
        workspace.root, len(cells), {k: why for k, why in failures.items() if why is not None}
    )


def _check_access(cells: Sequence[Cell], scheduler: str | None, *, is_begun: bool) -> None:
    """Check that the scheduler answers, and that weights and accounts of a new study are there."""
    if scheduler is not None:
        check_scheduler(scheduler)
    for cell in () if is_begun else cells:
        check_access(cell.config)


@contextmanager
def _serve_survey(
    resolved: ResolvedStudy, workspace: StudyWorkspace, progress: Progress
) -> Iterator[dict[str, Settings]]:
    """Serve the simulated survey, if the study uses one; yield the sections that locate it."""
    simulation, scale = resolved.study.simulation, resolved.scale
    if simulation is None or scale is None:
        yield {}
        return
    tasks = sorted({cell.config.task for cell in resolved.cells})
    if len(tasks) > 1:
        raise StudyError(
            f"the cells have the tasks {', '.join(tasks)}, and a simulated survey has labels of"
            " one; make a study of each"
        )
    with serve_simulated_survey(simulation, tasks[0], scale, workspace.survey, progress) as place:
        yield place


def _claim(workspace: StudyWorkspace, record: StudyRecord, published: Path | None) -> None:
    """Claim a directory for a study, or check that it holds the same one."""
    marker, text = workspace.study_file, record.model_dump_json(indent=1)
    claim_directory(
        marker, text, kind="study", compare=partial(_compare_study, record), error=StudyError
    )
    with atomic_path(marker) as partial_file:
        partial_file.write_text(text, encoding="utf-8")
    if published is not None:
        with atomic_path(workspace.published) as partial_file:
            partial_file.write_bytes(published.read_bytes())


def _compare_study(record: StudyRecord, marker: Path) -> str:
    """Describe how a directory's study differs from the one asked for."""
    old = StudyRecord.model_validate_json(marker.read_bytes())
    pairs = {"study": (old.study.name, record.study.name), "scale": (old.scale, record.scale)}
    return ", ".join(
        f"{key} {one or _REAL} in place of {other or _REAL}"
        for key, (one, other) in pairs.items()
        if one != other
    )


def _group_by_data_set(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Group cells by data set."""
    names = dict.fromkeys(cell.data_set.name for cell in cells)
    return [[cell for cell in cells if cell.data_set.name == name] for name in names]


def _prepare(cells: list[Cell], workspace: StudyWorkspace, progress: Progress) -> list[Cell]:
    """Prepare a data set; return its cells, or none if it fails, which is noted for each."""
    try:
        prepare_data_set(cells, workspace, progress)
    except SkyclassError as error:
        for cell in cells:
            write_failure(cell, workspace, str(error))
        return []
    return cells
