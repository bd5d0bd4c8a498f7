"""Work on many fields, or other units of files: a part on disk for each, a note where it fails."""

import json
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skyclass._version import __version__
from skyclass.errors import (
    ConfigError,
    InferenceError,
    ModelError,
    OutputError,
    PluginError,
    SkyclassError,
)
from skyclass.files import atomic_path, make_directory
from skyclass.images.runners import Runner
from skyclass.inference.failures import Failure
from skyclass.inference.worker_model import WorkerModel
from skyclass.progress import Progress, Stage, rename_stage
from skyclass.surveys.frame_states import hash_unit_states
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Unit

__all__ = [
    "Parts",
    "UnitAnswer",
    "UnitWork",
    "make_parts",
    "open_parts",
]

_STATE: Final = b"skyclass.made_of"
"""Key of a part's metadata: hash of what it was made of."""

_LEFT_OUT: Final = b"skyclass.left_out"
"""Key of a part's metadata: number of sources that are not in it, by reason, in JSON."""

_PART: Final = ".parquet"
_FAILED: Final = ".failed.json"

_OF_ALL: Final = (ConfigError, ModelError, OutputError, PluginError, ImportError)
"""Errors that no other unit would be spared."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnitWork:
    """What is to be done of one unit."""

    folder: Path
    """Directory of its frames."""
    objects: pd.DataFrame | None = None
    """Objects at known positions; sources are detected if None."""
    neighbours: tuple[Unit, ...] = ()
    """Neighbouring units that are worked on, too."""


@dataclass(frozen=True, eq=False)
class UnitAnswer:
    """What came of one unit."""

    table: pd.DataFrame
    """A row for each source or object."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Number of sources that are not in the table, by reason."""


@dataclass(frozen=True)
class Parts:
    """What became of the units: tables on disk, and failures."""

    paths: Mapping[Unit, Path]
    """Parquet file of each unit that has one, in the order of the units."""
    failures: Mapping[Unit, Failure]
    """Why the others have none."""

    def read(self) -> dict[Unit, pd.DataFrame]:
        """Read the tables."""
        return {unit: pd.read_parquet(path) for unit, path in self.paths.items()}

    def count_left_out(self) -> dict[str, int]:
        """Count the sources that are in none of the tables, by reason."""
        counts: Counter[str] = Counter()
        for path in self.paths.values():
            counts.update(json.loads((pq.read_schema(path).metadata or {})[_LEFT_OUT]))
        return dict(counts)


AnswerUnit = Callable[[Unit, UnitWork], UnitAnswer]
"""Makes the table of one unit; for worker processes, one that can be pickled."""


def make_parts(
    work: Mapping[Unit, UnitWork],
    answer: AnswerUnit,
    folder: Path,
    survey: str,
    runner: Runner,
    progress: Progress,
) -> Parts:
    """Make a table of each unit, unless it lies there already; a failure costs its unit only.

    Parameters
    ----------
    work
        What is to be done, unit by unit.
    answer
        Makes the table of one unit.
    folder
        Directory of the parts, for one `answer` only: those that it holds are not made again while
        the files and the objects of their unit are the same.
    survey
        Name of the survey of the units.
    runner
        Works on several units at once.
    progress
        Called with the stage, units done and units in all.

    Returns
    -------
    Parts
        Tables and failures.

    Raises
    ------
    InferenceError
        If every unit fails.
    SkyclassError
        If the reason of a failure holds for every unit, such as a disk that is full.
    """
    make_directory(folder)
    runner(
        partial(_make_part, answer, folder.resolve(), survey),
        list(work.items()),
        rename_stage(progress, Stage.FIELDS),
    )
    paths, failures = {}, {}
    for unit, each in work.items():
        note = _locate_failure(folder, unit)
        if note.exists():
            reason = json.loads(note.read_text(encoding="utf-8"))
            failures[unit] = Failure(str(unit), str(each.folder), reason)
        else:
            paths[unit] = _locate_part(folder, unit)
    if failures and not paths:
        first = next(iter(failures.values()))
        others = f", and {len(failures) - 1} others" if len(failures) > 1 else ""
        raise InferenceError(f"{first.unit}{others} cannot be classified: {first.reason}")
    return Parts(paths, failures)


@contextmanager
def open_parts(out: Path | None, model: WorkerModel, *settings: object) -> Iterator[Path]:
    """Open the directory of finished units, which lies beside a table of results.

    Parameters
    ----------
    out
        Table of results; None for a temporary directory.
    model
        What makes the parts.
    settings
        All else that decides what they hold, besides the units' files and objects; their `repr`
        must say it.

    Yields
    ------
    pathlib.Path
        ``<out>.parts/<hash>``, with what an earlier call with the same model and settings left.
        When the block is left it is removed, unless units failed in it or it was interrupted: what
        is done is not done again.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="skyclass-") as name:
            yield Path(name)
        return
    text = repr((__version__, model.content, settings))
    parts = out.with_name(f"{out.name}.parts")
    folder = make_directory(parts / sha256(text.encode()).hexdigest()[:16])
    finished = False
    try:
        yield folder
        finished = not any(folder.glob(f"*{_FAILED}"))
    finally:
        if finished or not any(folder.glob(f"*{_PART}")):
            shutil.rmtree(folder, ignore_errors=True)
            # unless parts of a call with other settings wait there
            with suppress(OSError):
                parts.rmdir()


def _locate_part(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit}{_PART}"


def _locate_failure(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit}{_FAILED}"


def _make_part(answer: AnswerUnit, folder: Path, survey: str, unit: Unit, work: UnitWork) -> None:
    """Write the table of one unit, or why there is none."""
    target, note = _locate_part(folder, unit), _locate_failure(folder, unit)
    state = _hash_work(unit, work, survey)
    note.unlink(missing_ok=True)
    if target.exists() and (pq.read_schema(target).metadata or {}).get(_STATE) == state:
        return
    try:
        made = answer(unit, work)
    except _OF_ALL:
        raise
    except Exception as error:  # pixels of any kind: one field must not end the night
        known = isinstance(error, SkyclassError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        _log.debug("%s failed", unit, exc_info=True)
        target.unlink(missing_ok=True)
        with atomic_path(note) as partial_path:
            partial_path.write_text(json.dumps(reason), encoding="utf-8")
        return
    content = pa.Table.from_pandas(made.table)
    notes = {_STATE: state, _LEFT_OUT: json.dumps(made.left_out).encode()}
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), **notes})
    with atomic_path(target) as partial_path:
        pq.write_table(content, partial_path)


def _hash_work(unit: Unit, work: UnitWork, survey: str) -> bytes:
    """Hash the states of a unit's files, and its objects."""
    digest = sha256(hash_unit_states(unit, get_survey(survey), work.folder).encode())
    digest.update(repr(work.neighbours).encode())
    if work.objects is not None:
        text = work.objects.astype("string")
        digest.update(repr(list(work.objects.columns)).encode())
        digest.update(pd.util.hash_pandas_object(text).to_numpy().tobytes())
    return digest.hexdigest()[:16].encode()
