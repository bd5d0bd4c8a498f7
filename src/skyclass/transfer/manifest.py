"""The manifest of a download: the outcome of every file, in a SQLite table beside the data."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

from filelock import FileLock, Timeout

from skyclass.errors import OutputError, SurveyError
from skyclass.files import make_directory

__all__ = [
    "MANIFEST_NAME",
    "Manifest",
    "ManifestEntry",
    "PartialFile",
    "open_locked_manifest",
]

MANIFEST_NAME: Final = "downloads.sqlite"
"""Name of the manifest in the directory of a download."""

_LOCK: Final = ".downloads.lock"
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'absent', 'failed')),
    stored TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partials (
    name TEXT PRIMARY KEY, validator TEXT NOT NULL, total INTEGER NOT NULL
) WITHOUT ROWID;
"""

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ManifestEntry:
    """The outcome of one file."""

    path: str
    """Name requested, below the directory."""
    kind: str
    """Kind of file, such as ``frames``."""
    url: str
    """Where it came from; empty where it was there already."""
    state: str
    """``done``, ``absent`` (the archive has no such file) or ``failed``."""
    stored: str = ""
    """Name of the file on disk, where it differs from `path`: one kept decompressed."""
    size: int = 0
    """Bytes on disk when it was checked."""
    mtime_ns: int = 0
    """Time of its last change then."""
    reason: str = ""
    """Why it failed, or is absent."""

    def is_intact(self, out: Path) -> bool:
        """Check whether the file is unchanged since it was checked."""
        try:
            stat = (out / (self.stored or self.path)).stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns)


@dataclass(frozen=True)
class PartialFile:
    """A file that an earlier attempt left unfinished."""

    validator: str
    """Strong ETag or date of the last change, as the server sent it."""
    total: int
    """Bytes of the whole file."""


class Manifest:
    """The manifest of one directory, open for one writer.

    Every change is a transaction of its own (write-ahead log), so nothing recorded is lost when
    the process is killed.
    """

    def __init__(self, out: Path) -> None:
        """Open the manifest of a directory, or create it.

        Parameters
        ----------
        out
            Directory of the download.

        Raises
        ------
        OutputError
            Where it cannot be written.
        SurveyError
            Where the file there is not a manifest.
        """
        self._file = make_directory(out) / MANIFEST_NAME
        self._connection = self._guard(lambda: sqlite3.connect(self._file, isolation_level=None))
        self._guard(self._prepare)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def get(self, path: str) -> ManifestEntry | None:
        """Look up the outcome of a file; None where there is none yet."""
        query = "SELECT * FROM files WHERE path = ?"
        row = self._guard(lambda: self._connection.execute(query, (path,)).fetchone())
        return None if row is None else _make_entry(row)

    def record(self, entry: ManifestEntry) -> None:
        """Record the outcome of a file."""
        e = entry
        values = (e.path, e.kind, e.url, e.state, e.stored, e.size, e.mtime_ns, e.reason)
        query = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._guard(lambda: self._connection.execute(query, values))

    def get_partial(self, name: str) -> PartialFile | None:
        """Look up an unfinished file by its temporary name."""
        query = "SELECT validator, total FROM partials WHERE name = ?"
        row = self._guard(lambda: self._connection.execute(query, (name,)).fetchone())
        return None if row is None else PartialFile(*row)

    def record_partial(self, name: str, partial: PartialFile) -> None:
        """Record an unfinished file before its first byte is written."""
        values = (name, partial.validator, partial.total)
        query = "INSERT OR REPLACE INTO partials VALUES (?, ?, ?)"
        self._guard(lambda: self._connection.execute(query, values))

    def forget_partial(self, name: str) -> None:
        """Forget an unfinished file."""
        query = "DELETE FROM partials WHERE name = ?"
        self._guard(lambda: self._connection.execute(query, (name,)))

    def count_files(self) -> list[tuple[str, str, int, int]]:
        """Count files by kind and state: (kind, state, files, bytes)."""
        query = "SELECT kind, state, count(*), sum(size) FROM files GROUP BY 1, 2 ORDER BY 1, 2"
        return self._guard(lambda: self._connection.execute(query).fetchall())

    def list_failures(self) -> list[tuple[str, int, str]]:
        """List why files failed: (reason, files, the first of them), most frequent first."""
        query = (
            "SELECT reason, count(*), min(path) FROM files WHERE state = 'failed'"
            " GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return self._guard(lambda: self._connection.execute(query).fetchall())

    def _prepare(self) -> None:
        """Create the tables; those of another version are left alone."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in {0, _VERSION}:
            raise SurveyError(
                f"{self._file} was made by another version of skyclass; choose another directory"
            )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            self._connection.executescript(f"{_TABLES}PRAGMA user_version = {_VERSION};")

    def _guard(self, work: Callable[[], T]) -> T:
        """Convert errors of SQLite into one line."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            raise OutputError(f"cannot write {self._file}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise SurveyError(
                f"{self._file} is not a manifest of downloads ({error}); move it away, and every"
                " file beside it is checked and recorded anew"
            ) from error


@contextmanager
def open_locked_manifest(out: Path) -> Iterator[Manifest]:
    """Open the manifest of a directory for one process at a time; others wait for it.

    Parameters
    ----------
    out
        Directory of the download.

    Yields
    ------
    Manifest
        Closed at the end of the block.

    Raises
    ------
    OutputError
        Where the directory cannot be written or locked.
    """
    with _lock(make_directory(out)), Manifest(out) as manifest:
        yield manifest


def _lock(out: Path) -> AbstractContextManager[object]:
    """Lock a directory; warn where another process holds the lock.

    The system gives the lock back when the process ends, however it ends.
    """
    lock = FileLock(out / _LOCK)
    try:
        try:
            return lock.acquire(blocking=False)
        except Timeout:
            _log.warning("another process is downloading into %s; waiting for it to end", out)
            return lock.acquire()
    except OSError as error:
        raise OutputError(f"cannot lock {lock.lock_file}: {error.strerror or error}") from error


def _make_entry(row: tuple[str, str, str, str, str, int, int, str]) -> ManifestEntry:
    """Convert a row of the table."""
    path, kind, url, state, stored, size, mtime_ns, reason = row
    return ManifestEntry(path, kind, url, state, stored, size, mtime_ns, reason)
