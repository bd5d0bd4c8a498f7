"""The files of an experiment: frames checked where they lie, frames or pictures downloaded."""

import os
from pathlib import Path
from typing import Final

import pandas as pd

from skyclass.config.sections import SurveyConfig
from skyclass.cores import map_on_cores
from skyclass.errors import SurveyError
from skyclass.progress import Progress, Stage, rename_stage
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import FileKind, Picture
from skyclass.surveys.pictures import list_picture_paths
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.surveys.verify import verify_frames

__all__ = ["acquire_frames", "acquire_pictures", "is_local", "verify_catalog_frames"]

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


def is_local(settings: SurveyConfig) -> bool:
    """Check whether frames lie in a directory of the user's, so that none are downloaded.

    Parameters
    ----------
    settings
        Section `survey` of an experiment.

    Returns
    -------
    bool
        Whether it names a directory and no address.
    """
    return settings.frames is not None and settings.base_url is None


def acquire_frames(
    catalog: pd.DataFrame,
    settings: SurveyConfig,
    frames: Path,
    record: Path,
    *,
    size: int,
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
        Directory for what was checked, where `frames` cannot be written.
    size
        Pixels a side of the cutouts that are to be made; an object's own frames hold them.
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
    if is_local(settings):
        verify_catalog_frames(catalog, survey, frames, record, progress)
        return catalog
    if survey.frames is None:
        raise SurveyError(
            f"survey {survey.name} has no archive to download from; name the directory of its"
            " frames (survey.frames)"
        )
    width = survey.frames.default_width
    picture = Picture(width=max(width, size + _MARGIN) if width else None)
    kind, report = survey.frames.name, rename_stage(progress, Stage.FRAMES)
    lacking = _download(catalog, frames, kind, settings, picture, report)
    if keep_lacking:
        return catalog
    kept: pd.DataFrame = catalog.drop(index=catalog.index[lacking])
    kept = _drop_lacking_bands(kept, survey.frames, frames, settings, picture)
    if kept.empty:
        raise SurveyError(
            f"the archive has no object's frames in all bands ({', '.join(survey.band_names)});"
            " check its address and release"
        )
    return kept


def _drop_lacking_bands(
    catalog: pd.DataFrame, kind: FileKind, frames: Path, settings: SurveyConfig, picture: Picture
) -> pd.DataFrame:
    """Drop the objects whose file, which is there, has no image in some band."""
    if kind.find_lacking_bands is None or catalog.empty:
        return catalog
    paths = [frames / path for path in list_picture_paths(catalog, kind.name, settings, picture)]
    return catalog[[not bands for bands in map_on_cores(kind.find_lacking_bands, paths)]]


def acquire_pictures(
    catalog: pd.DataFrame,
    kind: str,
    settings: SurveyConfig,
    picture: Picture,
    out: Path,
    *,
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
    report = rename_stage(progress, Stage.PICTURES)
    lacking = _download(catalog, out, kind, settings, picture, report)
    kept: pd.DataFrame = catalog.drop(index=catalog.index[lacking])
    if kept.empty:
        raise SurveyError("the archive has no object's picture; check its address and release")
    return kept


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
