"""Run a study: its data sets, its cells, its comparison."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyclass.errors import SkyclassError, StudyError
from skyclass.files import AnyPath, atomic_path, make_directory
from skyclass.progress import Progress, no_progress
from skyclass.studies.cells import Cell, cells_of
from skyclass.studies.run_cells import failure_of, note_failure, run_cells
from skyclass.studies.shared_objects import prepare_data_set
from skyclass.studies.simulated_archive import simulated_survey
from skyclass.studies.study_file import StudyConfig, read_study
from skyclass.studies.study_report import write_study_report
from skyclass.studies.study_results import STUDY_FILE, read_published

__all__ = ["SCALE", "StudyResult", "run_study"]

SCALE = 0.02
"""Share of the real objects that a simulated study has where nothing else is said."""


@dataclass(frozen=True)
class StudyResult:
    """What a study comes to."""

    directory: Path
    """Where everything lies."""
    cells: int
    """Number of cells."""
    failures: dict[str, str]
    """Why cells failed, by their names."""

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.directory / "report.html"


def run_study(
    name: str,
    out: AnyPath,
    *,
    simulated: bool = False,
    scale: float | None = None,
    scheduler: str | None = None,
    progress: Progress = no_progress,
) -> StudyResult:
    """Run all cells of a study and compare them; what is up to date is not done again.

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
        Share of the real numbers of objects, with `simulated`; `SCALE` where not given.
    scheduler
        Address of a Dask scheduler whose workers see `out` under the same name.
    progress
        Called with the stage or a cell's name, steps done and steps in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    StudyResult
        Which cells failed, and where the report is.

    Raises
    ------
    SkyclassError
        Where the study file cannot be used, an experiment of it cannot be, or `out` holds
        something else.
    """
    out = Path(out)
    study, base = read_study(name)
    published = None if study.published is None else base / study.published
    read_published(published)
    share = _share(study, simulated, scale)
    if share is None:
        # refused before anything is written; a simulated study's tables are yet to be made
        cells_of(study, base, scale=None, fixed={})
    _claim(out, name, study, published, share)
    with _place(study, share, out, progress) as fixed:
        cells = cells_of(study, base, scale=share, fixed=fixed)
        ready = [cell for group in _by_data_set(cells) for cell in _prepared(group, out, progress)]
        run_cells(ready, out, scheduler=scheduler, progress=progress)
    write_study_report(out)
    failures = {cell.name: failure_of(cell, out) for cell in cells}
    return StudyResult(out, len(cells), {k: why for k, why in failures.items() if why is not None})


def _share(study: StudyConfig, simulated: bool, scale: float | None) -> float | None:
    """Give the scale of the simulated survey, None where the study runs on the real archives."""
    if not simulated:
        if scale is not None:
            raise StudyError("a scale is for a simulated survey; add --simulated, or leave it out")
        return None
    if study.simulation is None:
        raise StudyError(f"the study {study.name} has no section [simulation]; add one")
    share = SCALE if scale is None else scale
    if not 0 < share <= 1:
        raise StudyError(f"the scale must be above 0 and at most 1, not {share:g}")
    return share


@contextmanager
def _place(
    study: StudyConfig, scale: float | None, out: Path, progress: Progress
) -> Iterator[dict[str, dict[str, Any]]]:
    """Serve the simulated survey, if that is what the study runs on."""
    if scale is None:
        yield {}
        return
    survey = out / "survey"
    with simulated_survey(study, scale, survey, progress) as fixed:
        yield fixed


def _claim(
    out: Path, name: str, study: StudyConfig, published: Path | None, scale: float | None
) -> None:
    """Take a directory for this study, or refuse one that is not its own."""
    file = out / STUDY_FILE
    told = {"study": study.model_dump(mode="json"), "source": Path(name).name, "scale": scale}
    if file.exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        for key, old, new in (
            ("study", before["study"]["name"], study.name),
            ("scale", before["scale"], scale),
        ):
            if old != new:
                raise StudyError(
                    f"{out} holds another study ({key} {old or 'of the real archives'} in place of"
                    f" {new or 'of the real archives'}); choose another --out"
                )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} is not empty and holds no study; choose another --out")
    make_directory(out)
    if published is not None:
        with atomic_path(out / "published.csv") as partial:
            partial.write_bytes(published.read_bytes())
    with atomic_path(file) as partial:
        partial.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _by_data_set(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Group cells by data set."""
    names = dict.fromkeys(cell.data_set.name for cell in cells)
    return [[cell for cell in cells if cell.data_set.name == name] for name in names]


def _prepared(cells: list[Cell], out: Path, progress: Progress) -> list[Cell]:
    """Prepare a data set; give its cells, or none where it fails, which is noted for each."""
    try:
        prepare_data_set(cells, out / "data", progress)
    except SkyclassError as error:
        for cell in cells:
            note_failure(cell, out, str(error))
        return []
    return cells
