"""The files of an experiment: frames checked where they lie, frames or pictures downloaded."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.files import atomic_path
from skyclass.progress import Progress, Stage, rename_stage
from skyclass.schema import FRAME_KEYS
from skyclass.surveys.download import download, missing_files
from skyclass.surveys.file_kinds import get_archive
from skyclass.surveys.request import Picture, needed
from skyclass.surveys.sdss.frames import FRAMES, Field
from skyclass.surveys.verify import verify_frames

__all__ = ["supply_frames", "supply_pictures", "verify_catalog_frames"]


def verify_catalog_frames(
    catalog: pd.DataFrame, frames: Path, record: Path, progress: Progress
) -> None:
    """Check the frames of a catalogue where they lie, each file once in its life.

    Cutting reads a frame only as far as its objects need, so a broken end would not be seen there.

    Parameters
    ----------
    catalog
        With `FRAME_KEYS`.
    frames
        Directory of frames; what is found is recorded there.
    record
        Directory for that where `frames` cannot be written.
    progress
        Called with the stage, frames done and frames in all.

    Raises
    ------
    SurveyError
        Where a frame is broken, or another than its name says.
    """
    keys = needed(catalog, FRAMES).drop_duplicates().itertuples(index=False, name=None)
    fields = [Field(*(int(value) for value in key)) for key in keys]
    verify_frames(
        frames,
        fields,
        record=None if os.access(frames, os.W_OK) else record,
        progress=progress,
    )


def supply_frames(
    catalog: pd.DataFrame,
    survey: SurveyConfig,
    frames: Path,
    record: Path,
    *,
    used: bool,
    keep_lacking: bool = False,
    progress: Progress,
) -> pd.DataFrame:
    """Make sure that every frame of a catalogue is there and whole.

    Parameters
    ----------
    catalog
        With `FRAME_KEYS`.
    survey
        Frames are checked where they lie if it names a directory and no address; otherwise they
        are downloaded.
    frames
        Directory of the frames.
    record
        Directory for what has been found out.
    used
        Whether the frames have been cut, so that those that were there once are not needed.
    keep_lacking
        Whether objects stay of which the archive has not every frame.
    progress
        Called with the stage, frames done and frames in all.

    Returns
    -------
    pandas.DataFrame
        The objects whose five frames the archive has, or all where these are to stay.

    Raises
    ------
    SurveyError
        Where a frame is broken or could not be downloaded, or the archive has none.
    RemoteError
        Where the archive cannot be reached.
    """

    def lacking() -> list[int]:
        if survey.frames is not None and survey.base_url is None:
            verify_catalog_frames(catalog, frames, record, progress)
            return []
        return _download(
            catalog, frames, "frames", survey, None, rename_stage(progress, Stage.FRAMES)
        )

    asked = [str(survey.frames), survey.base_url, survey.release]
    fingerprint = _fingerprint(asked, catalog[list(FRAME_KEYS)])
    dropped = _remembered(record / "frames.json", fingerprint, used, lacking)
    if keep_lacking:
        return catalog
    kept: pd.DataFrame = catalog.drop(index=catalog.index[dropped])
    if kept.empty:
        raise SurveyError("the archive has no object's five frames; check its address and release")
    return kept


def supply_pictures(
    catalog: pd.DataFrame,
    what: str,
    survey: SurveyConfig,
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
    what
        Kind of file, such as ``sdss-jpeg``.
    survey
        Where pictures are downloaded from.
    picture
        Size and kind of pictures.
    out
        Directory of the pictures.
    record
        Directory for what has been found out.
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

    def lacking() -> list[int]:
        return _download(
            catalog, out, what, survey, picture, rename_stage(progress, Stage.PICTURES)
        )

    asked = [what, asdict(picture), survey.base_url, survey.release]
    fingerprint = _fingerprint(asked, needed(catalog, get_archive(what)))
    dropped = _remembered(record / "pictures.json", fingerprint, used, lacking)
    kept: pd.DataFrame = catalog.drop(index=catalog.index[dropped])
    if kept.empty:
        raise SurveyError("the archive has no object's picture; check its address and release")
    return kept


def _remembered(
    mark: Path, fingerprint: str, used: bool, lacking: Callable[[], list[int]]
) -> list[int]:
    """Give the rows of objects that lack a file; they are found out anew until all are used."""
    told = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    if not (used and told.get("fingerprint") == fingerprint):
        told = {"fingerprint": fingerprint, "lacking": lacking()}
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps(told), encoding="utf-8")
    found: list[int] = told["lacking"]
    return found


def _fingerprint(asked: list[Any], rows: pd.DataFrame) -> str:
    """Hash which files are meant, row by row."""
    digest = sha256(json.dumps(asked).encode())
    hashes = pd.util.hash_pandas_object(rows.astype("string"), index=False)
    digest.update(hashes.to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _download(
    catalog: pd.DataFrame,
    out: Path,
    what: str,
    survey: SurveyConfig,
    picture: Picture | None,
    progress: Progress,
) -> list[int]:
    """Download files; give the rows of objects that the archive does not have all files of."""
    counts = download(
        catalog,
        out,
        what,
        survey=survey,
        picture=picture,
        progress=progress,
    )
    if counts.failed:
        raise SurveyError(
            f"{counts.failed} of {counts.total} {what} could not be downloaded, the last because it"
            f" {counts.reason}; run again to try them again"
        )
    missing = missing_files(catalog, out, [what], survey=survey, picture=picture)
    return [int(row) for row in (missing != "").to_numpy().nonzero()[0]]
