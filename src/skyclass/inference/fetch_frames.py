"""Download the frames of positions, from the survey's archive or a mirror."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.cache import Cache
from skyclass.catalog.read_table import read_table
from skyclass.config.sections import CatalogConfig, SurveyConfig
from skyclass.errors import InferenceError, SurveyError
from skyclass.files import make_directory
from skyclass.inference.sky_region import SkyRegion
from skyclass.progress import Progress
from skyclass.schema import POSITION
from skyclass.surveys.acquire import acquire_frames
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["FrameArchive", "fetch_around", "fetch_frames", "locate_downloads"]

_LEAST_RADIUS: Final = 1.0
"""Arcmin around a position within which the archive is asked for catalogued objects."""

_QUERIES: Final = "queries"
"""Folder of answers beside the frames."""


class FrameArchive:
    """An archive of frames, and the directory that they are downloaded to.

    Parameters
    ----------
    survey
        Name of the survey.
    base_url
        Address of a mirror; None: the survey's own archive.
    folder
        Directory of the frames.
    """

    def __init__(self, survey: str, base_url: str | None, folder: Path) -> None:
        self.survey = get_survey(survey)
        if self.survey.frames is None:
            raise InferenceError(
                f"survey {survey} has no archive to download from; name the directory of its"
                " frames (frames)"
            )
        self.settings = SurveyConfig(name=survey, base_url=base_url)
        self.catalog = CatalogConfig(source="skyserver", base_url=base_url)
        self.folder = make_directory(folder)


def locate_downloads(cache: Cache, survey: str, base_url: str | None) -> Path:
    """Locate the directory of downloaded frames in the cache.

    Parameters
    ----------
    cache
        The cache.
    survey
        Name of the survey.
    base_url
        Address of a mirror; None: the survey's own archive.

    Returns
    -------
    pathlib.Path
        Directory, which exists.
    """
    archive = base_url or "the survey's own"
    key = f"{survey}-{sha256(archive.encode()).hexdigest()[:8]}-classified"
    with cache.open_entry("downloads", key, {"survey": survey, "archive": archive}) as entry:
        # a download keeps its own record of what is there
        entry.finish()
    return entry.path


def fetch_around(
    region: SkyRegion, archive: FrameArchive, size: int, progress: Progress
) -> Mapping[Unit, Path]:
    """Download the frames around a position.

    Parameters
    ----------
    region
        Circle around it.
    archive
        Where they come from.
    size
        Pixels a side of the cutouts that are to be made.
    progress
        Called with the stage, frames done and frames in all.

    Returns
    -------
    dict
        Each unit of files with the directory that holds its frames.

    Raises
    ------
    InferenceError
        If the survey has no images there.
    RemoteError
        If the archive cannot be reached.
    """
    survey = archive.survey
    if not survey.covers(np.array([region.ra]), np.array([region.dec])).all():
        raise InferenceError(f"survey {survey.name} does not cover {region}")
    keys = pd.DataFrame({"ra": [region.ra], "dec": [region.dec]})
    if survey.key:
        if survey.find_keys is None:
            raise InferenceError(_say_no_keys(survey))
        radius = max(region.radius, _LEAST_RADIUS)
        keys = survey.find_keys(region.ra, region.dec, radius, archive.catalog)
    units = {} if keys.empty else _download(keys, archive, size, progress)
    if not units:
        raise InferenceError(f"survey {survey.name} has no images of {region}")
    return units


def fetch_frames(
    table: pd.DataFrame, archive: FrameArchive, size: int, progress: Progress
) -> Mapping[Unit, Path]:
    """Download the frames of a table of positions, each once.

    Parameters
    ----------
    table
        With `ra` and `dec` in degrees. The archive is asked for the survey's key columns where the
        table lacks them.
    archive, size, progress
        As `fetch_around` takes them.

    Returns
    -------
    dict
        Each unit of files with the directory that holds its frames; those that the archive lacks
        are not among them.

    Raises
    ------
    InferenceError
        If the survey has images of none of the positions.
    RemoteError
        If the archive cannot be reached.
    """
    survey = archive.survey
    ra, dec = (table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION)
    valid = np.isfinite(ra) & (np.abs(dec) <= 90)
    valid[valid] = survey.covers(ra[valid], dec[valid])
    keys = table[valid]
    if len(keys) and survey.key and not set(survey.key) <= set(table.columns):
        if survey.look_up_key is None:
            raise InferenceError(_say_no_keys(survey))
        places = keys[list(POSITION)].reset_index(drop=True)
        work = _claim_work(archive, places)
        keys = survey.look_up_key(places, archive.catalog, work, read_table, progress)
    keys = keys.dropna(subset=list(survey.key))
    units = {} if keys.empty else _download(keys, archive, size, progress)
    if not units:
        raise InferenceError(f"survey {survey.name} has no images of any position of the table")
    return units


def _download(
    keys: pd.DataFrame, archive: FrameArchive, size: int, progress: Progress
) -> dict[Unit, Path]:
    """Download the frames of some units, and find them on disk."""
    survey, folder = archive.survey, archive.folder
    if survey.key:
        keys = keys.drop_duplicates(subset=list(survey.key))
    acquire_frames(
        keys, archive.settings, folder, folder, size=size, keep_lacking=True, progress=progress
    )
    wanted = {unit for unit, _ in survey.group_objects(keys)}
    try:
        there = survey.find_units([folder])
    except SurveyError:
        # the archive has none of them
        return {}
    return {unit: path for unit, path in there.items() if unit in wanted}


def _claim_work(archive: FrameArchive, places: pd.DataFrame) -> Path:
    """Make the folder of the answers to the questions where some positions lie."""
    digest = sha256(pd.util.hash_pandas_object(places).to_numpy().tobytes()).hexdigest()[:16]
    return make_directory(archive.folder / _QUERIES) / digest


def _say_no_keys(survey: Survey) -> str:
    """Say that the archive does not tell which unit holds a position."""
    return (
        f"survey {survey.name} cannot look up which frames hold a position; name their directory"
        f" (frames), or add the columns {', '.join(survey.key)} to a table"
    )
