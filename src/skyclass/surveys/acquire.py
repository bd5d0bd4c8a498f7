"""The files of an experiment: frames checked where they lie, frames or pictures downloaded."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pandas as pd

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.files import atomic_path
from skyclass.progress import Progress, Stage, rename_stage
from skyclass.schema import POSITION
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import Picture, select_columns
from skyclass.surveys.registry import get_file_kind, get_survey
from skyclass.surveys.survey import Survey
from skyclass.surveys.verify import verify_frames

__all__ = ["acquire_frames", "acquire_pictures", "verify_catalog_frames"]

_MARGIN: Final = 16
"""Pixels by which an object's own frames are wider than its cutout."""


def verify_catalog_frames(
    catalog: pd.DataFrame, survey: Survey, frames: Path, record: Path, progress: Progress
) -> None:
    """Check the frames of a catalogue where they lie, each file once in its life.

    Cutting reads a frame only as far as its objects need, so a broken end would not be seen there.

    Parameters
    ----------
    catalog
        With the key columns of the survey.
    survey
        The survey.
    frames
        Directory of frames, where what was checked is recorded.
    record
        Directory for that where `frames` cannot be written.
    progress
        Called with the stage, frames done and frames in all.

    Raises
    ------
    SurveyError
        Where a frame is broken, or another than its name says.
    """
    units = [unit for unit, _ in survey.group_objects(catalog)]
    verify_frames(
        frames,
        units,
        survey,
        record=None if os.access(frames, os.W_OK) else record,
        progress=progress,
    )


def acquire_frames(
    catalog: pd.DataFrame,
    settings: SurveyConfig,
    frames: Path,
    record: Path,
    *,
    size: int,
    used: bool,
    keep_lacking: bool = False,
    progress: Progress,
) -> pd.DataFrame:
    """Make sure that every frame of a catalogue is there and whole.

    Parameters
    ----------
    catalog
        With the key columns of the survey.
    settings
        Names the survey. Frames are checked where they lie if it names a directory and no address;
        otherwise they are downloaded.
    frames
        Directory of the frames.
    record
        Directory for the list of objects that lack a frame.
    size
        Pixels a side of the cutouts that are to be made; an object's own frames hold them.
    used
        Whether the frames have been cut, so that those that were there once are not needed.
    keep_lacking
        Whether objects stay of which the archive has not every frame.
    progress
        Called with the stage, frames done and frames in all.

    Returns
    -------
    pandas.DataFrame
        The objects whose frames the archive has in all bands, or all where these are to stay.

    Raises
    ------
    SurveyError
        Where a frame is broken or could not be downloaded, or the archive has none.
    RemoteError
        Where the archive cannot be reached.
    """
    survey = get_survey(settings.name)

    def find_lacking() -> list[int]:
        if settings.frames is not None and settings.base_url is None:
            verify_catalog_frames(catalog, survey, frames, record, progress)
            return []
        if survey.frames is None:
            raise SurveyError(
                f"survey {survey.name} has no archive to download from; name the directory of its"
                " frames (survey.frames)"
            )
        width = survey.frames.default_width
        picture = Picture(width=max(width, size + _MARGIN)) if width else Picture()
        kind, report = survey.frames.name, rename_stage(progress, Stage.FRAMES)
        return _download(catalog, frames, kind, settings, picture, report)

    request = [str(settings.frames), settings.base_url, settings.release]
    if survey.frames is not None and survey.frames.default_width is not None:
        request.append(size)
    columns = list(survey.key or POSITION)
    fingerprint = _fingerprint(request, catalog[columns])
    dropped = _recall_lacking(record / "frames.json", fingerprint, used, find_lacking)
    if keep_lacking:
        return catalog
    kept: pd.DataFrame = catalog.drop(index=catalog.index[dropped])
    if kept.empty:
        raise SurveyError(
            f"the archive has no object's frames in all bands ({', '.join(survey.band_names)});"
            " check its address and release"
        )
    return kept


def acquire_pictures(
    catalog: pd.DataFrame,
    kind: str,
    settings: SurveyConfig,
    picture: Picture,
    out: Path,
    record: Path,
    *,
    used: bool,
    progress: Progress,
) -> pd.DataFrame:
    """Make sure that every picture of a catalogue's objects is there and whole.

    Parameters
    ----------
    catalog
        With `ra` and `dec` in degrees.
    kind
        Kind of file, such as ``sdss-jpeg``.
    settings
        Where pictures are downloaded from.
    picture
        Size and kind of pictures.
    out
        Directory of the pictures.
    record
        Directory for the list of objects that lack a picture.
    used
        Whether the pictures have been stored as cutouts, so that they are not needed any more.
    progress
        Called with the stage, pictures done and pictures in all.

    Returns
    -------
    pandas.DataFrame
        The objects that the archive has a picture of.

    Raises
    ------
    SurveyError
        Where a picture could not be downloaded, or the archive has none.
    RemoteError
        Where the archive cannot be reached.
    """

    def find_lacking() -> list[int]:
        report = rename_stage(progress, Stage.PICTURES)
        return _download(catalog, out, kind, settings, picture, report)

    request = [kind, asdict(picture), settings.base_url, settings.release]
    fingerprint = _fingerprint(request, select_columns(catalog, get_file_kind(kind)))
    dropped = _recall_lacking(record / "pictures.json", fingerprint, used, find_lacking)
    kept: pd.DataFrame = catalog.drop(index=catalog.index[dropped])
    if kept.empty:
        raise SurveyError("the archive has no object's picture; check its address and release")
    return kept


def _recall_lacking(
    mark: Path, fingerprint: str, used: bool, find_lacking: Callable[[], list[int]]
) -> list[int]:
    """Return the rows of objects that lack a file; they are looked for anew until all are used."""
    recorded = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    if not (used and recorded.get("fingerprint") == fingerprint):
        recorded = {"fingerprint": fingerprint, "lacking": find_lacking()}
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps(recorded), encoding="utf-8")
    lacking: list[int] = recorded["lacking"]
    return lacking


def _fingerprint(request: list[Any], rows: pd.DataFrame) -> str:
    """Hash which files are meant, row by row."""
    digest = sha256(json.dumps(request).encode())
    hashes = pd.util.hash_pandas_object(rows.astype("string"), index=False)
    digest.update(hashes.to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _download(
    catalog: pd.DataFrame,
    out: Path,
    kind: str,
    settings: SurveyConfig,
    picture: Picture,
    progress: Progress,
) -> list[int]:
    """Download files; return the rows of objects that the archive does not have all files of."""
    counts = download_kind(
        catalog,
        out,
        kind,
        survey=settings,
        picture=picture,
        progress=progress,
    )
    if counts.failed:
        raise SurveyError(
            f"{counts.failed} of {counts.total} {kind} could not be downloaded, the last because it"
            f" {counts.reason}; run again to try them again"
        )
    missing = find_missing_files(catalog, out, [kind], survey=settings, picture=picture)
    return [int(row) for row in (missing != "").to_numpy().nonzero()[0]]
