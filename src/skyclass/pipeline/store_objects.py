"""The cutouts of an experiment's objects: linked from the cache, made there where they are not."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.cache import Cache, CacheEntry
from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.match_objects import match_objects
from skyclass.errors import ImageError
from skyclass.files import atomic_path, link_folder
from skyclass.images.stored_cutouts import find_reusable, open_cutouts, read_info
from skyclass.pipeline.pixel_sources import PixelSource
from skyclass.progress import Progress
from skyclass.workspace import fingerprint

__all__ = ["store_objects"]

_RECORD = "objects.json"


class _StoredObjects(BaseModel):
    """Which objects of a catalogue have cutouts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mark: str
    """Hash of what determines them."""
    rows: tuple[int, ...]
    """Rows of the catalogue."""
    dropped: dict[str, int]
    """How many objects were left out of the catalogue, by reason."""
    cutouts: tuple[str, ...]
    """Hash of each folder of cutouts."""


def store_objects(
    catalog: Catalog,
    sources: Sequence[PixelSource],
    folders: Sequence[Path],
    record: Path,
    cache: Cache,
    progress: Progress,
) -> Catalog:
    """Put the cutouts of a catalogue's objects into folders, unless they are there.

    Parameters
    ----------
    catalog
        All objects.
    sources
        Where pixels come from; an object that lacks a file of any source is left out of all.
    folders
        Folder of cutouts of each source.
    record
        File that says what the folders hold.
    cache
        Where cutouts and downloads are kept for other experiments.
    progress
        Called with the stage, steps done and steps in all.

    Returns
    -------
    Catalog
        The objects that have all files.

    Raises
    ------
    SkyclassError
        If frames or archive cannot be used, or a folder holds something other than cutouts.
    """
    mark = fingerprint([source.hash_input(catalog.table) for source in sources])
    stored = _read_record(record)
    if stored is None or stored.mark != mark or not _are_current(folders, stored):
        for folder in folders:
            find_reusable(folder, mark, replace=True)
        key = fingerprint(mark, [source.archive for source in sources])
        made_from = sources[0].describe(len(catalog))
        with cache.open_entry("cutouts", key, made_from) as entry:
            stored = _read_record(entry.path / _RECORD)
            if stored is None or not entry.is_complete:
                stored = _make_entry(entry, mark, catalog, sources, cache, progress)
            for source_folder, folder in zip(_list_folders(entry, sources), folders, strict=True):
                link_folder(source_folder, folder)
        _write_record(record, stored)
    table = catalog.table.iloc[list(stored.rows)].reset_index(drop=True)
    return Catalog(table, catalog.report.model_copy(update={"dropped": stored.dropped}))


def _make_entry(
    entry: CacheEntry,
    mark: str,
    catalog: Catalog,
    sources: Sequence[PixelSource],
    cache: Cache,
    progress: Progress,
) -> _StoredObjects:
    """Get all files and make all cutouts of an entry."""
    table, dropped = catalog.table.reset_index(drop=True), dict(catalog.report.dropped)
    files = [source.locate_files(cache) for source in sources]
    for source, directory in zip(sources, files, strict=True):
        kept = source.acquire(table, directory, entry.path / "checked", progress)
        _count_dropped(dropped, source.reason, len(table) - len(kept))
        table = kept
    folders = _list_folders(entry, sources)
    # frames first: an object found not to lie on its frame is to have no picture either
    for number in sorted(range(len(sources)), key=lambda n: sources[n].picture is not None):
        sources[number].make_cutouts(table, files[number], folders[number], progress)
        if sources[number].picture is None and len(sources) > 1:
            kept = _keep_stored(table, folders[number])
            _count_dropped(dropped, "not on its frames", len(table) - len(kept))
            table = kept
    stored = _StoredObjects(
        mark=mark,
        rows=tuple(table.index),
        dropped=dropped,
        cutouts=tuple(read_info(folder).identity for folder in folders),
    )
    _write_record(entry.path / _RECORD, stored)
    entry.finish()
    return stored


def _list_folders(entry: CacheEntry, sources: Sequence[PixelSource]) -> list[Path]:
    """List the folder of each source in an entry."""
    return [entry.path / f"cutouts-{number}" for number in range(len(sources))]


def _are_current(folders: Sequence[Path], stored: _StoredObjects) -> bool:
    """Check whether folders hold the cutouts that a record names."""
    try:
        return tuple(read_info(folder).identity for folder in folders) == stored.cutouts
    except ImageError:
        return False


def _count_dropped(dropped: dict[str, int], reason: str, count: int) -> None:
    """Add objects that were left out to those that had been."""
    dropped[reason] = dropped.get(reason, 0) + count


def _keep_stored(catalog: pd.DataFrame, cutouts: Path) -> pd.DataFrame:
    """Keep the objects that have a cutout."""
    splits = (open_cutouts(cutouts)[split] for split in catalog["split"].unique())
    stored = pd.concat([split.objects() for split in splits], ignore_index=True)
    return catalog[match_objects(catalog, stored) >= 0]


def _read_record(path: Path) -> _StoredObjects | None:
    """Read which objects are stored; None where that is not known."""
    try:
        return _StoredObjects.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write_record(path: Path, stored: _StoredObjects) -> None:
    """Write which objects are stored."""
    with atomic_path(path) as partial:
        partial.write_text(stored.model_dump_json(), encoding="utf-8")
