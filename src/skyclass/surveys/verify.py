"""Check frames that were not downloaded here, each file once."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.survey import Survey, Unit, UnitFile
from skyclass.transfer.manifest import Manifest, ManifestEntry, open_locked_manifest

__all__ = ["verify_frames"]


def verify_frames(
    root: AnyPath,
    units: Iterable[Unit],
    survey: Survey,
    *,
    record: AnyPath | None = None,
    progress: Progress = no_progress,
) -> None:
    """Check whole the frames of some units, each file once in its life.

    A file that was downloaded, or checked here before, and has not changed since, is not read.
    Whether a frame is missing is up to those who need it.

    Parameters
    ----------
    root
        Directory of frames.
    units
        Which units.
    survey
        Survey that they are of.
    record
        Directory of the list of what has been checked, where `root` cannot be written.
    progress
        Called with the stage, frames done and frames in all.

    Raises
    ------
    SurveyError
        Where a frame is broken, or another than its name says.
    OutputError
        Where the list cannot be written.
    """
    root, record = Path(root), None if record is None else Path(record)
    list_files = survey.list_files
    if list_files is None or not root.is_dir():
        return
    units = list(units)
    left, workers = iter(units), os.cpu_count() or 1
    done, total = 0, len(units) * len(survey.bands)
    with open_locked_manifest(record or root) as manifest, ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(left, workers)):
            files = [file for unit in batch for file in list_files(root, unit)]
            unchecked = [file for file in files if not _is_checked(file, root, manifest)]
            problems = list(pool.map(_find_problem, unchecked))
            for file, problem in zip(unchecked, problems, strict=True):
                manifest.record(_make_entry(file, root, problem))
                if problem:
                    raise SurveyError(f"{file.path} {problem}; download it again")
            done += len(batch) * len(survey.bands)
            progress(Stage.CHECKING_FRAMES, done, total)


def _is_checked(file: UnitFile, root: Path, manifest: Manifest) -> bool:
    """Check whether the manifest lists this very file as whole, and it is unchanged."""
    entry = manifest.get(file.name)
    if entry is None or entry.state != "done":
        return False
    return root / (entry.stored or entry.path) == file.path and entry.is_intact(root)


def _find_problem(file: UnitFile) -> str:
    """Describe what is wrong with a file; empty where nothing is."""
    try:
        file.check(file.path)
    except SurveyError as error:
        return str(error)
    return ""


def _make_entry(file: UnitFile, root: Path, problem: str) -> ManifestEntry:
    """Make the entry of a file that was just checked."""
    status = file.path.stat()
    path = file.path.relative_to(root).as_posix()
    return ManifestEntry(
        file.name,
        "frames",
        "",
        "failed" if problem else "done",
        path if path != file.name else "",
        status.st_size,
        status.st_mtime_ns,
        problem,
    )
