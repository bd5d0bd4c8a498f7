"""Download what the objects of a catalogue need, and tell which of them have everything."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.progress import Progress, no_progress, rename_stage
from skyclass.surveys.file_kinds import get_archive
from skyclass.surveys.request import Archive, Picture, needed, rows
from skyclass.transfer.downloader import DownloadCounts, download_files
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.manifest import Manifest
from skyclass.transfer.rate_limit import Clock

__all__ = ["download", "missing_files"]


def download(
    table: pd.DataFrame,
    out: AnyPath,
    what: str = "frames",
    *,
    survey: SurveyConfig | None = None,
    picture: Picture | None = None,
    retry_absent: bool = False,
    unpack: bool = False,
    clock: Clock | None = None,
    progress: Progress = no_progress,
) -> DownloadCounts:
    """Download one kind of file for all objects of a catalogue.

    Run again, it goes on: only what is missing is fetched.

    Parameters
    ----------
    table
        With `FRAME_KEYS` for frames, else `ra` and `dec` (degrees).
    out
        Directory; beside the files it holds the list of what became of each.
    what
        A name of `ARCHIVES`.
    survey
        Release, address, and how politely the archive is asked.
    picture
        Size and kind of cutouts.
    retry_absent, unpack, clock
        As `download_files` takes them.
    progress
        Called after each file with `what` as the stage, files processed, files in all, and the
        rate (`skyclass.progress.Progress`).

    Returns
    -------
    DownloadCounts
        How many files came, and how many did not.

    Raises
    ------
    SurveyError
        For an unknown kind of file, or a catalogue or settings that cannot be used.
    OutputError, RemoteError
        As `download_files` raises them.
    """
    out = Path(out)
    archive = get_archive(what)
    survey, picture = survey or SurveyConfig(), picture or Picture()
    if table.empty:
        raise SurveyError("the catalogue has no row, so there is nothing to download")
    distinct = needed(table, archive).drop_duplicates()
    first = archive.files(next(rows(distinct)), survey, picture)
    return download_files(
        _requests(distinct, archive, survey, picture),
        out,
        survey,
        total=len(distinct) * len(first),
        retry_absent=retry_absent,
        unpack=unpack,
        clock=clock,
        progress=rename_stage(progress, what),
    )


def _requests(
    distinct: pd.DataFrame, archive: Archive, survey: SurveyConfig, picture: Picture
) -> Iterator[FileRequest]:
    """Make the requests one after the other."""
    for row in rows(distinct):
        yield from archive.files(row, survey, picture)


def missing_files(
    table: pd.DataFrame,
    out: AnyPath,
    what: Sequence[str] = ("frames",),
    *,
    survey: SurveyConfig | None = None,
    picture: Picture | None = None,
) -> "pd.Series[str]":
    """Say for each object which file it lacks, so that all image types show the same objects.

    ``table[missing_files(table, out, what) == ""]`` is the complete set.

    Parameters
    ----------
    table
        Catalogue.
    out
        Directory of the download.
    what
        Kinds of files that an object must have all of.
    survey, picture
        As for the download.

    Returns
    -------
    pandas.Series of str
        In the catalogue's order and with its index: the first file that is lacking and why, or an
        empty text where the object has everything.

    Raises
    ------
    SurveyError
        As for the download.
    """
    out = Path(out)
    survey, picture = survey or SurveyConfig(), picture or Picture()
    lacking = np.full(len(table), "", dtype=object)
    with Manifest(out) as manifest:
        for archive in map(get_archive, what):
            used = needed(table, archive)
            files = [
                _first_lacking(archive.files(row, survey, picture), manifest, out)
                for row in rows(used.drop_duplicates())
            ]
            group = used.groupby(list(used.columns), sort=False, dropna=False).ngroup()
            found = np.array(files, dtype=object)[group.to_numpy()]
            lacking = np.where(lacking == "", found, lacking)
    return pd.Series(lacking, index=table.index, dtype=object)


def _first_lacking(requests: list[FileRequest], manifest: Manifest, out: Path) -> str:
    """Name the first file that is not there, and why; empty where all are."""
    for request in requests:
        entry = manifest.get(request.path)
        if entry is None:
            return f"{request.path}: not asked for yet"
        if entry.state != "done":
            return f"{request.path}: {entry.state} ({entry.reason})"
        if not entry.is_intact(out):
            return f"{request.path}: changed or removed since it was checked"
    return ""
