"""Run a study: its data sets, its cells, its comparison."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

from skyclass.config.section import Settings
from skyclass.errors import SkyclassError, StudyError
from skyclass.files import AnyPath, atomic_path
from skyclass.progress import Progress, no_progress
from skyclass.studies.cells import Cell, make_cells
from skyclass.studies.run_cells import read_failure, run_cells, write_failure
from skyclass.studies.shared_objects import prepare_data_set
from skyclass.studies.simulated_archive import serve_simulated_survey
from skyclass.studies.study_file import StudyConfig, read_study
from skyclass.studies.study_report import write_study_report
from skyclass.studies.study_results import StudyRecord, read_published
from skyclass.workspace import StudyWorkspace, claim_directory

__all__ = ["SCALE", "StudyResult", "run_study"]

SCALE: Final = 0.02
"""Fraction of the real objects that a simulated study has by default."""

_REAL: Final = "of the real archives"


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
        Fraction of the real numbers of objects, with `simulated`; `SCALE` by default.
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
    study, base = read_study(name)
    published = None if study.published is None else base / study.published
    read_published(published)
    scale = _choose_scale(study, simulated, scale)
    if scale is None:
        # checked before anything is written; a simulated study's tables do not exist yet
        make_cells(study, base)
    _claim(workspace, StudyRecord(study=study, source=Path(name).name, scale=scale), published)
    with _serve_survey(study, scale, workspace, progress) as fixed:
        cells = make_cells(study, base, scale=scale, fixed=fixed)
        ready = []
        for group in _group_by_data_set(cells):
            ready += _prepare(group, workspace, progress)
        run_cells(ready, workspace, scheduler=scheduler, progress=progress)
    write_study_report(workspace.root)
    failures = {cell.name: read_failure(cell.name, workspace) for cell in cells}
    return StudyResult(
        workspace.root, len(cells), {k: why for k, why in failures.items() if why is not None}
    )


def _choose_scale(study: StudyConfig, simulated: bool, scale: float | None) -> float | None:
    """Choose the scale of the simulated survey; None if the study uses the real archives."""
    if not simulated:
        if scale is not None:
            raise StudyError("scale needs a simulated survey: set simulated, or leave scale out")
        return None
    if study.simulation is None:
        raise StudyError(f"the study {study.name} has no section [simulation]; add one")
    scale = SCALE if scale is None else scale
    if not 0 < scale <= 1:
        raise StudyError(f"scale must be above 0 and at most 1, got {scale:g}")
    return scale


@contextmanager
def _serve_survey(
    study: StudyConfig, scale: float | None, workspace: StudyWorkspace, progress: Progress
) -> Iterator[dict[str, Settings]]:
    """Serve the simulated survey, if the study uses one."""
    if scale is None:
        yield {}
        return
    with serve_simulated_survey(study, scale, workspace.survey, progress) as fixed:
        yield fixed


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
