"""The cache: what is costly to make, kept by a hash of what made it, for all experiments.

An entry is a folder ``<cache>/<kind>/<key>`` with a description. It is made under a lock, which the
system gives back when a process ends, however it ends; what is not marked as complete is resumed.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.errors import OutputError
from skyclass.files import AnyPath, atomic_path, make_directory

__all__ = [
    "CACHE_NAME",
    "CACHE_VARIABLE",
    "DESCRIPTION",
    "Cache",
    "CacheEntry",
    "EntryDescription",
    "EntryKind",
    "MadeFrom",
    "locate_cache",
]

CACHE_NAME: Final = ".skyclass-cache"
"""Folder of the cache beside the directory of an experiment."""

CACHE_VARIABLE: Final = "SKYCLASS_CACHE"
"""Environment variable that names another folder, for all experiments."""

DESCRIPTION: Final = "entry.json"
"""Name of the description in the folder of an entry; its time of change is that of the last use."""

EntryKind = Literal["ceilings", "cutouts", "downloads", "features", "measurements"]
MadeFrom = Mapping[str, str | int | float]
"""What an entry was made from, in words and numbers for people."""

_LOCKS: Final = "locks"
"""Folder of the locks: outside the entries, so that removing one never removes a lock."""

_log = logging.getLogger(__name__)


class EntryDescription(BaseModel):
    """The description in an entry's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: EntryKind
    """What it holds."""
    key: str
    """Hash of everything that determines its content."""
    made_from: dict[str, str | int | float]
    """The main of that in words and numbers."""
    made: datetime
    """When it was begun."""
    complete: bool
    """Whether all of it is there."""


@dataclass(frozen=True)
class CacheEntry:
    """One folder of a cache, locked by this process."""

    path: Path
    """The folder."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it is there, so that it can be used as it is."""
        description = read_description(self.path)
        return description is not None and description.complete

    def finish(self) -> None:
        """Record that all of the entry is there."""
        description = read_description(self.path)
        if description is not None and not description.complete:
            _write_description(self.path, description.model_copy(update={"complete": True}))


@dataclass(frozen=True)
class Cache:
    """A folder of entries.

    Examples
    --------
    >>> cache = Cache("kept")
    >>> with cache.open_entry("features", "0123", {"network": "compact"}) as entry:
    ...     before = entry.is_complete
    ...     entry.finish()
    >>> before, entry.is_complete
    (False, True)
    """

    root: Path

    def __init__(self, root: AnyPath) -> None:
        object.__setattr__(self, "root", Path(root))

    @contextmanager
    def open_entry(self, kind: EntryKind, key: str, made_from: MadeFrom) -> Iterator[CacheEntry]:
        """Lock an entry, complete or not; another process that has it is waited for.

        Parameters
        ----------
        kind
            What it holds.
        key
            Hash of everything that determines its content.
        made_from
            The main of that in words and numbers, for people.

        Yields
        ------
        CacheEntry
            Its folder; locked until the end of the block.

        Raises
        ------
        OutputError
            If the folder cannot be written or locked.
        """
        path = self.root / kind / key
        with self._hold(kind, key):
            make_directory(path)
            old = read_description(path)
            if old is None:
                made = datetime.now(UTC).replace(microsecond=0)
                values = {"made_from": dict(made_from), "made": made, "complete": False}
                _write_description(path, EntryDescription(kind=kind, key=key, **values))
            else:
                (path / DESCRIPTION).touch()
            yield CacheEntry(path)

    def make_lock(self, kind: EntryKind, key: str) -> FileLock:
        """Make the lock of an entry; it is not taken yet.

        Parameters
        ----------
        kind, key
            As for `open_entry`.

        Returns
        -------
        filelock.FileLock
            Lock on a file of its own.
        """
        return FileLock(make_directory(self.root / _LOCKS) / f"{kind}-{key}.lock")

    @contextmanager
    def _hold(self, kind: EntryKind, key: str) -> Iterator[None]:
        """Hold the lock of an entry; log where another process has it."""
        lock = self.make_lock(kind, key)
        try:
            try:
                lock.acquire(blocking=False)
            except Timeout:
                _log.warning("another process makes the same %s; waiting for it", kind)
                lock.acquire()
        except (OSError, NotImplementedError) as error:
            raise OutputError(
                f"cannot lock {lock.lock_file} ({error}); let {CACHE_VARIABLE} name a folder on"
                " another disk"
            ) from error
        try:
            yield
        finally:
            lock.release()


def locate_cache(out: AnyPath) -> Cache:
    """Locate the cache of what is written to a directory.

    Parameters
    ----------
    out
        Directory of an experiment, a search or a study.

    Returns
    -------
    Cache
        The folder that the environment variable ``SKYCLASS_CACHE`` names; by default
        ``.skyclass-cache`` beside `out`, and so on the same disk, or in it where nothing can be
        written beside it.

    Examples
    --------
    >>> locate_cache("experiments/stars").root.name
    '.skyclass-cache'
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Cache(Path(named).expanduser().resolve())
    out = Path(out).resolve()
    beside = out.parent
    inside = out.is_dir() and not os.access(beside, os.W_OK)
    return Cache((out if inside else beside) / CACHE_NAME)


def read_description(path: Path) -> EntryDescription | None:
    """Read the description of an entry.

    Parameters
    ----------
    path
        Folder of the entry.

    Returns
    -------
    EntryDescription or None
        None if the folder is no entry of a cache.
    """
    try:
        text = (path / DESCRIPTION).read_bytes()
        description = EntryDescription.model_validate_json(text)
    except (OSError, ValidationError):
        return None
    is_there = (description.kind, description.key) == (path.parent.name, path.name)
    return description if is_there else None


def _write_description(path: Path, description: EntryDescription) -> None:
    """Write the description of an entry."""
    with atomic_path(path / DESCRIPTION) as partial:
        partial.write_text(description.model_dump_json(indent=1), encoding="utf-8")
