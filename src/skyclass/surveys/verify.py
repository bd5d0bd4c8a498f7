"""Check frames that never passed through the downloader, once."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from skyclass.errors import MissingFrameError, SurveyError
from skyclass.files import AnyPath
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.sdss.frames import BANDS, Field, check_frame, find_frame, frame_path
from skyclass.transfer.manifest import Entry, Manifest, locked_manifest

__all__ = ["verify_frames"]


def verify_frames(
    root: AnyPath,
    fields: Iterable[Field],
    *,
    record: AnyPath | None = None,
    progress: Progress = no_progress,
) -> None:
    """Check the frames of some fields whole, each file once in its life.

    A file that was downloaded, or checked here before, and has not changed since, is not read.
    What is said of a frame that is not there is up to those who need it.

    Parameters
    ----------
    root
        Directory of frames, in the archive's layout or flat.
    fields
        Which fields.
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
    if not root.is_dir():
        return
    fields = list(fields)
    wanted = ((field, band) for field in fields for band in BANDS)
    done, total = 0, len(fields) * len(BANDS)
    with locked_manifest(record or root) as manifest, ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := list(islice(wanted, 2 * (os.cpu_count() or 1))):
            for entry, problem in list(_checked(root, manifest, pool, batch)):
                if entry is not None:
                    manifest.record(entry)
                if problem:
                    raise SurveyError(problem)
            done += len(batch)
            progress(Stage.CHECKING_FRAMES, done, total)


def _checked(
    root: Path, manifest: Manifest, pool: ThreadPoolExecutor, batch: list[tuple[Field, str]]
) -> Iterator[tuple[Entry | None, str]]:
    """Check some frames at once; give what is new of each, and what is wrong with it."""
    running: list[tuple[str, Path, Future[str]]] = []
    for field, band in batch:
        name = frame_path(field, band).as_posix()
        try:
            path = find_frame(root, field, band)
        except MissingFrameError:
            continue
        entry = manifest.get(name)
        if entry is None or entry.state != "done" or not _is_checked(entry, root, path):
            running.append((name, path, pool.submit(_problem, path, field, band)))
    for name, path, future in running:
        problem = future.result()
        found = path.stat()
        stored = path.relative_to(root).as_posix()
        state = "failed" if problem else "done"
        other = stored if stored != name else ""
        size, mtime_ns = found.st_size, found.st_mtime_ns
        entry = Entry(name, "frames", "", state, other, size, mtime_ns, problem)
        yield entry, f"{path} {problem}; download it again" if problem else ""


def _is_checked(entry: Entry, root: Path, path: Path) -> bool:
    """Tell whether an entry is of this very file, unchanged."""
    return root / (entry.stored or entry.path) == path and entry.is_intact(root)


def _problem(path: Path, field: Field, band: str) -> str:
    """Say what is wrong with a frame; empty where nothing is."""
    try:
        check_frame(path, field, band)
    except SurveyError as error:
        return str(error)
    return ""
