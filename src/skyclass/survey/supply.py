"""The frames of an experiment: checked where they lie, or downloaded."""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pandas as pd

from skyclass.catalog import FRAME_KEYS
from skyclass.config import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.files import atomic_path
from skyclass.survey.download import download, missing_files
from skyclass.survey.request import needed
from skyclass.survey.sdss import BANDS, FRAMES, Field
from skyclass.survey.verify import verify_frames

__all__ = ["supply_frames", "verify_catalog_frames"]

Progress = Callable[[int, int], None]


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
        Called with frames done and frames in all.

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
        progress=lambda done: progress(done, len(fields) * len(BANDS)),
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
        Called with frames done and frames in all.

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
    mark = record / "frames.json"
    fingerprint = _fingerprint(catalog, survey)
    told = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    if not (used and told.get("fingerprint") == fingerprint):
        if survey.frames is not None and survey.base_url is None:
            verify_catalog_frames(catalog, frames, record, progress)
            lacking = []
        else:
            lacking = _download(catalog, survey, frames, progress)
        told = {"fingerprint": fingerprint, "lacking": lacking}
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps(told), encoding="utf-8")
    if keep_lacking:
        return catalog
    kept: pd.DataFrame = catalog.drop(index=catalog.index[told["lacking"]])
    if kept.empty:
        raise SurveyError("the archive has no object's five frames; check its address and release")
    return kept


def _fingerprint(catalog: pd.DataFrame, survey: SurveyConfig) -> str:
    """Hash which frames are meant, row by row."""
    digest = sha256(json.dumps([str(survey.frames), survey.base_url, survey.release]).encode())
    rows = catalog[list(FRAME_KEYS)].astype("string")
    digest.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _download(
    catalog: pd.DataFrame, survey: SurveyConfig, frames: Path, progress: Progress
) -> list[int]:
    """Download frames; give the rows of objects that the archive has no frame for."""
    tally = download(
        catalog, frames, survey=survey, progress=lambda t: progress(t.settled, t.total)
    )
    if tally.failed:
        raise SurveyError(
            f"{tally.failed} of {tally.total} frames could not be downloaded, the last because it"
            f" {tally.reason}; run again to try them again"
        )
    missing = missing_files(catalog, frames, survey=survey)
    return [int(row) for row in (missing != "").to_numpy().nonzero()[0]]
