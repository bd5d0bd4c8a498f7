"""Download the files of a catalogue's objects, and list the files that objects lack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.progress import Progress, no_progress, rename_stage
from skyclass.schema import POSITION
from skyclass.surveys.file_kinds import (
    FileKind,
    Picture,
    check_columns,
    iterate_rows,
    select_columns,
)
from skyclass.surveys.footprint import Footprint
from skyclass.surveys.registry import find_kind_survey, get_file_kind
from skyclass.transfer.download_status import DownloadStatus, read_status
from skyclass.transfer.downloader import DownloadCounts, download_files
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.http_client import TransferSettings
from skyclass.transfer.manifest import Manifest
from skyclass.transfer.rate_limit import Clock

__all__ = ["DownloadResult", "download", "download_kind", "find_missing_files"]


@dataclass(frozen=True)
class DownloadResult:
    """Outcome of a download."""

    status: DownloadStatus
    """What the directory holds, from this download and earlier ones."""
    missing: "pd.Series[str] | None"
    """The file that each object lacks (`find_missing_files`); None without a table."""
    failed: int
    """Files that did not come whole this time."""

    def __repr__(self) -> str:
        """Write the counts in one line."""
        counts = "; ".join(str(kind) for kind in self.status.kinds)
        return f"<DownloadResult: {counts or self.status}>"


def download(
    table: pd.DataFrame | None,
    out: AnyPath,
    kinds: str | Sequence[str] = "frames",
    *,
    survey: SurveyConfig | None = None,
    picture: Picture | None = None,
    retry_absent: bool = False,
    unpack: bool = False,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> DownloadResult:
    """Download the files of a catalogue's objects.

    Files that are there already are checked and kept. After an interruption or a failure the same
    call fetches what is missing. Positions outside a survey's footprint are not asked for.

    Parameters
    ----------
    table
        Objects, with the columns of the kinds of files, such as `ra` and `dec` (degrees); None
        only for a dry run.
    out
        Directory; beside the files it holds a record of each.
    kinds
        One or more kinds of files (`skyclass.surveys.registry.file_kinds`).
    survey
        Release, address, and limits on how the archive is asked.
    picture
        Size and kind of cutouts.
    retry_absent
        Whether files that the archive did not have are asked for again.
    unpack
        Whether frames are kept decompressed.
    dry_run
        Report what is there, and ask the archive for nothing.
    progress
        Called after each file with its kind as the stage, files processed, files in all, and the
        rate (`skyclass.progress.Progress`).

    Returns
    -------
    DownloadResult
        What the directory holds, and which objects lack a file.

    Raises
    ------
    SurveyError
        If a kind of file is unknown, or the table or the settings cannot be used.
    OutputError
        If the files cannot be written.
    RemoteError
        If the archive cannot be reached.

    Examples
    --------
    >>> import pandas as pd
    >>> import skyclass
    >>> from skyclass.config.sections import SurveyConfig
    >>> stars = pd.read_csv("catalog.csv")
    >>> with skyclass.serve_archive(".") as url:
    ...     skyclass.download(stars, "downloads", survey=SurveyConfig(base_url=url, rate=0))
    <DownloadResult: frames: 10 done (... MB), 0 absent, 0 failed>
    """
    out, kinds = Path(out), [kinds] if isinstance(kinds, str) else list(kinds)
    failed = 0
    if not dry_run:
        if table is None:
            raise SurveyError("table is None: it names the objects to download files of")
        for kind in kinds:
            failed += download_kind(
                table,
                out,
                kind,
                survey=survey,
                picture=picture,
                retry_absent=retry_absent,
                unpack=unpack,
                progress=progress,
            ).failed
    status = read_status(out)
    if table is None:
        return DownloadResult(status, None, failed)
    missing = find_missing_files(table, out, kinds, survey=survey, picture=picture)
    return DownloadResult(status, missing, failed)


def download_kind(
    table: pd.DataFrame,
    out: AnyPath,
    kind: str = "frames",
    *,
    survey: SurveyConfig | None = None,
    picture: Picture | None = None,
    retry_absent: bool = False,
    unpack: bool = False,
    clock: Clock | None = None,
    progress: Progress = no_progress,
) -> DownloadCounts:
    """Download one kind of file for all objects of a catalogue.

    A second call is resumed: only what is missing is fetched.

    Parameters
    ----------
    table
        With the columns of the kind of file, such as `ra` and `dec` (degrees).
    out
        Directory; beside the files it holds a record of each.
    kind
        Name of a kind of file (`skyclass.surveys.registry.file_kinds`).
    survey
        Release, address, and limits on how the archive is asked.
    picture
        Size and kind of cutouts.
    retry_absent, unpack, clock
        As `download_files` takes them.
    progress
        Called after each file with `kind` as the stage, files processed, files in all, and the
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
    file_kind = get_file_kind(kind)
    survey, picture = survey or SurveyConfig(), picture or Picture()
    if table.empty:
        raise SurveyError("the catalogue has no row, so there is nothing to download")
    used = select_columns(table, file_kind)
    outside, reason = _mark_outside(table, file_kind, survey)
    if outside.all():
        raise SurveyError(f"every position of the catalogue is {reason}")
    distinct = used[~outside].drop_duplicates()
    first = file_kind.files(next(iterate_rows(distinct)), survey, picture)
    return download_files(
        _make_requests(distinct, file_kind, survey, picture),
        out,
        TransferSettings(survey.connections, survey.rate, survey.retries, survey.timeout),
        total=len(distinct) * len(first),
        retry_absent=retry_absent,
        unpack=unpack,
        clock=clock,
        progress=rename_stage(progress, kind),
    )


def _mark_outside(
    table: pd.DataFrame, kind: FileKind, settings: SurveyConfig
) -> tuple[NDArray[np.bool_], str]:
    """Mark the objects outside the footprint of a kind's survey, `[n]`; say what they are."""
    survey = find_kind_survey(kind)
    footprint = None if survey is None else survey.footprint
    if settings.footprint is not None:
        footprint = Footprint.from_moc(settings.footprint)
    elif not set(POSITION) <= set(kind.columns):
        footprint = None
    if footprint is None:
        return np.zeros(len(table), dtype=np.bool_), ""
    check_columns(table, POSITION, "survey.footprint")
    ra, dec = (table[name].to_numpy(dtype=np.float64) for name in POSITION)
    title = kind.name if survey is None else survey.title
    reason = f"outside the footprint of {title} ({footprint.rule})"
    return ~footprint.contains(ra, dec), reason


def _make_requests(
    distinct: pd.DataFrame, file_kind: FileKind, survey: SurveyConfig, picture: Picture
) -> Iterator[FileRequest]:
    """Make the requests one after the other."""
    for row in iterate_rows(distinct):
        yield from file_kind.files(row, survey, picture)


def find_missing_files(
    table: pd.DataFrame,
    out: AnyPath,
    kinds: Sequence[str] = ("frames",),
    *,
    survey: SurveyConfig | None = None,
    picture: Picture | None = None,
) -> "pd.Series[str]":
    """Name the file that each object lacks, so that all image types show the same objects.

    ``table[find_missing_files(table, out, kinds) == ""]`` is the complete set.

    Parameters
    ----------
    table
        Catalogue.
    out
        Directory of the download.
    kinds
        Kinds of files that an object must have all of.
    survey, picture
        As for the download.

    Returns
    -------
    pandas.Series of str
        In the catalogue's order and with its index: the first file that is lacking and why, that
        the object lies outside the survey's footprint, or an empty text where it has everything.

    Raises
    ------
    SurveyError
        As for the download.
    """
    out = Path(out)
    survey, picture = survey or SurveyConfig(), picture or Picture()
    lacking = np.full(len(table), "", dtype=object)
    with Manifest(out) as manifest:
        for kind in map(get_file_kind, kinds):
            used = select_columns(table, kind)
            outside, reason = _mark_outside(table, kind, survey)
            files = [
                _first_lacking(kind.files(row, survey, picture), manifest, out)
                for row in iterate_rows(used.drop_duplicates())
            ]
            group = used.groupby(list(used.columns), sort=False, dropna=False).ngroup()
            first = np.array(files, dtype=object)[group.to_numpy()]
            first[outside] = reason
            lacking = np.where(lacking == "", first, lacking)
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
