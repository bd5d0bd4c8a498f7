"""What a cache holds: listing its entries, and clearing them."""

import os
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, get_args

from filelock import Timeout
from rich.filesize import decimal

from skyclass.cache import (
    CACHE_NAME,
    CACHE_VARIABLE,
    DESCRIPTION,
    Cache,
    EntryKind,
    read_description,
)
from skyclass.errors import OutputError
from skyclass.files import AnyPath

__all__ = ["CacheContents", "ClearedCache", "ListedEntry", "clear_entries", "list_entries"]

_REMOVED: Final = ".removed-"
"""First part of the name of an entry that is being removed."""


@dataclass(frozen=True)
class ListedEntry:
    """One entry of a cache."""

    kind: EntryKind
    """What it holds."""
    key: str
    """Hash of everything that determines its content."""
    made_from: str
    """The main of that in words and numbers."""
    size: int
    """Bytes of its files, which experiments may hold too."""
    last_used: datetime
    """When it was last made or used."""
    complete: bool
    """Whether it is whole; the next experiment with the same input resumes it otherwise."""


@dataclass(frozen=True)
class CacheContents:
    """The entries of a cache."""

    folder: Path
    """The cache."""
    entries: tuple[ListedEntry, ...]
    """By kind, the last used first."""
    size: int
    """Bytes of them all."""

    def __str__(self) -> str:
        """Write one line for each entry, and their total."""
        rows = [("kind", "key", "size", "last used", "made from")]
        for entry in self.entries:
            note = "" if entry.complete else " (unfinished)"
            used = f"{entry.last_used.astimezone():%Y-%m-%d %H:%M}"
            size = decimal(entry.size)
            rows.append((entry.kind, entry.key, size, used, entry.made_from + note))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        total = f"{len(self.entries)} entries in {self.folder}: {decimal(self.size)}"
        return "\n".join([*lines, total] if self.entries else [total])


@dataclass(frozen=True)
class ClearedCache:
    """The outcome of clearing a cache."""

    folder: Path
    """The cache."""
    removed: int
    """Entries that were removed."""
    in_use: int
    """Entries that stay because an experiment is using them."""
    freed: int
    """Bytes that are free now."""
    shared: int
    """Bytes that are not, because experiments have the files too."""

    def __str__(self) -> str:
        """Write the counts in one line."""
        text = f"{self.removed} entries removed from {self.folder}: {decimal(self.freed)} freed"
        if self.shared:
            text += f"; {decimal(self.shared)} more stay in the directories of experiments"
        return text + (f"; {self.in_use} in use were kept" if self.in_use else "")


def list_entries(
    folder: AnyPath | None = None, *, older_than: float | None = None
) -> CacheContents:
    """List what a cache holds.

    Parameters
    ----------
    folder
        A cache, or the folder that holds `.skyclass-cache`; by default the one that the
        environment variable ``SKYCLASS_CACHE`` names, or else that of the current folder.
    older_than
        Only what has not been used for so many days.

    Returns
    -------
    CacheContents
        Its entries and their size.

    Examples
    --------
    >>> {entry.kind for entry in list_entries(".").entries} >= {"cutouts"}
    True
    """
    root = _find_cache(folder)
    latest = datetime.now(UTC) - timedelta(days=older_than or 0)
    entries = [
        entry
        for kind in get_args(EntryKind)
        for entry in sorted(_list_kind(root / kind), key=lambda e: e.last_used, reverse=True)
        if older_than is None or entry.last_used <= latest
    ]
    return CacheContents(root, tuple(entries), sum(entry.size for entry in entries))


def clear_entries(
    folder: AnyPath | None = None, *, older_than: float | None = None
) -> ClearedCache:
    """Remove what a cache holds; experiments keep their cutouts, and nothing else is touched.

    Parameters
    ----------
    folder, older_than
        As for `list_entries`.

    Returns
    -------
    ClearedCache
        What was removed, and what is in use and stays.

    Raises
    ------
    OutputError
        If an entry cannot be removed.

    Examples
    --------
    >>> print(clear_entries(".", older_than=30))
    0 entries removed from .skyclass-cache: 0 bytes freed
    """
    contents = list_entries(folder, older_than=older_than)
    root = contents.folder
    cache = Cache(root)
    # whoever cuts may be reading any of the downloads
    cutting = any(
        _is_locked(cache, "cutouts", path.name) for path in _list_folders(root, "cutouts")
    )
    removed, in_use, freed, shared = 0, 0, 0, 0
    for entry in contents.entries:
        lock = cache.make_lock(entry.kind, entry.key)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            in_use += 1
            continue
        try:
            if entry.kind == "downloads" and cutting:
                in_use += 1
                continue
            own = _remove(root / entry.kind / entry.key)
        finally:
            lock.release()
        removed, freed, shared = removed + 1, freed + own, shared + entry.size - own
    return ClearedCache(root, removed, in_use, freed, shared)


def _find_cache(folder: AnyPath | None) -> Path:
    """Find the cache that is meant."""
    if folder is None:
        named = os.environ.get(CACHE_VARIABLE)
        return Path(named).expanduser() if named else Path(CACHE_NAME)
    inner = Path(folder) / CACHE_NAME
    return inner if inner.is_dir() or not Path(folder).exists() else Path(folder)


def _list_folders(root: Path, kind: str) -> list[Path]:
    """List the folders of a kind of entry; links are not followed."""
    folder = root / kind
    if not folder.is_dir() or folder.is_symlink():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _list_kind(folder: Path) -> list[ListedEntry]:
    """List the entries of a kind."""
    entries = []
    for path in _list_folders(folder.parent, folder.name):
        description = read_description(path)
        if description is None:
            continue
        entries.append(
            ListedEntry(
                kind=description.kind,
                key=description.key,
                made_from=", ".join(f"{k} {v}" for k, v in description.made_from.items()),
                size=sum(status.st_size for status in _list_states(path)),
                last_used=datetime.fromtimestamp((path / DESCRIPTION).stat().st_mtime, UTC),
                complete=description.complete,
            )
        )
    return entries


def _list_states(path: Path) -> list[os.stat_result]:
    """List the states of all files below a folder."""
    return [file.lstat() for file in path.rglob("*") if file.is_symlink() or file.is_file()]


def _is_locked(cache: Cache, kind: EntryKind, key: str) -> bool:
    """Check whether a process has an entry."""
    lock = cache.make_lock(kind, key)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def _remove(path: Path) -> int:
    """Remove an entry; return the bytes that this frees."""
    freed = sum(status.st_size for status in _list_states(path) if status.st_nlink == 1)
    # under another name first: a removal that breaks off leaves no entry that looks whole
    aside = path.with_name(f"{_REMOVED}{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        path.rename(aside)
        for each in path.parent.glob(f"{_REMOVED}*"):
            shutil.rmtree(each)
    except OSError as error:
        raise OutputError(f"cannot remove {path}: {error.strerror or error}") from error
    return freed
