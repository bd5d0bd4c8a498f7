"""Store ready-made pictures like cutouts of frames: red, green and blue in place of bands."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.catalog.catalog_file import list_classes
from skyclass.config.sections import SurveyConfig
from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.images.picture_source import PictureSource
from skyclass.images.runners import use_threads
from skyclass.images.store import CutoutPart, StoragePlan, make_storage_plan, store_cutouts
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.progress import Progress, no_progress
from skyclass.schema import COLOURS, POSITION
from skyclass.surveys.file_kinds import Picture
from skyclass.surveys.pictures import list_picture_paths, read_picture
from skyclass.surveys.registry import get_survey

__all__ = ["make_picture_cutouts", "make_picture_request", "plan_picture_cutouts"]

_KINDS: Final = {"skyserver": "sdss-jpeg", "ps1": "ps1-jpeg"}
"""Kind of file, as named by `skyclass.surveys.download`, of each service."""

_CHUNK: Final = 256
"""Objects per unit of work: 38 MB of pictures of 224 pixels."""


def make_picture_request(source: PictureSource) -> tuple[str, Picture]:
    """Make the download request for the pictures of an image type.

    Parameters
    ----------
    source
        `source` of the image type.

    Returns
    -------
    what
        Kind of file, as `skyclass.surveys.download` takes it.
    picture
        Size and kind of pictures.

    Raises
    ------
    ImageError
        If the service is unknown.
    """
    if source.service not in _KINDS:
        raise ImageError(
            f"unknown picture service {source.service!r} (there are {', '.join(_KINDS)})"
        )
    picture = Picture(
        width=source.width, scale=source.scale, opt=source.options, bands=source.bands or None
    )
    return _KINDS[source.service], picture


def make_picture_cutouts(
    catalog: pd.DataFrame,
    pictures: AnyPath,
    out: AnyPath,
    source: PictureSource,
    survey: SurveyConfig | None = None,
    *,
    replace: bool = False,
    progress: Progress = no_progress,
) -> CutoutInfo:
    """Store the downloaded picture of every object of a catalogue in the format of `make_cutouts`.

    `flux` holds grey levels (uint8) of red, green and blue; y grows upwards as in all cutouts, and
    the object is at the centre. A few hundred objects are a unit of work and a file, so memory does
    not grow with their number; units finished before an interruption are not redone.

    Parameters
    ----------
    catalog
        Table of a catalogue that `skyclass.build_catalog` made; frame keys are stored if it has
        them.
    pictures
        Directory of the download, with the picture of every object
        (`skyclass.surveys.acquire.acquire_pictures`).
    out
        Folder to write, readable by `datasets.load_from_disk`.
    source
        `source` of the image type, as for the download.
    survey
        As for the download.
    replace
        Whether cutouts of another catalogue, other pictures or another format in `out` are
        replaced.
    progress
        Called with the stage, units of work done and units in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    CutoutInfo
        Description of the cutouts; returned at once if `out` holds them already.

    Raises
    ------
    ImageError
        If `out` holds something else, or the catalogue has no positions.
    SurveyError
        If a picture is missing or broken.
    """
    pictures, out = Path(pictures), Path(out)
    missing = [name for name in POSITION if name not in catalog]
    if missing:
        raise ImageError(
            f"the catalogue has no column {', '.join(missing)}, needed to locate pictures"
        )
    survey = survey or SurveyConfig()
    plan = plan_picture_cutouts(catalog, source, survey)
    starts = range(0, len(catalog), _CHUNK)
    groups = [(f"{i // _CHUNK:06d}", catalog.iloc[i : i + _CHUNK]) for i in starts]
    work = partial(_read, pictures.resolve(), source, survey)
    return store_cutouts(plan, out, groups, work, use_threads(), replace=replace, progress=progress)


def plan_picture_cutouts(
    catalog: pd.DataFrame, source: PictureSource, survey: SurveyConfig
) -> StoragePlan:
    """Describe the cutouts that `make_picture_cutouts` stores of a catalogue.

    Parameters
    ----------
    catalog, source, survey
        As for `make_picture_cutouts`.

    Returns
    -------
    StoragePlan
        With the hash of the catalogue's rows and of what is asked of the archive.
    """
    what, picture = make_picture_request(source)
    rules = {"what": what, "release": survey.release, **asdict(picture)}
    labels, of = list_classes(catalog), get_survey(survey.name)
    return make_storage_plan(catalog, labels, COLOURS, source.width, "uint8", rules, of)


def _read(
    pictures: Path, source: PictureSource, survey: SurveyConfig, _name: str, rows: pd.DataFrame
) -> CutoutPart:
    """Read the pictures of some objects."""
    shape = (len(rows), len(COLOURS), source.width, source.width)
    flux = np.empty(shape, dtype=np.uint8)
    simulated = False
    what, picture = make_picture_request(source)
    for i, path in enumerate(list_picture_paths(rows, what, survey, picture)):
        flux[i], marked = read_picture(pictures / path, source.width)
        simulated |= marked
    # north is up and east to the left
    step = source.scale / 3600
    arrays = {
        "flux": flux,
        "mask": np.zeros(shape, dtype=bool),
        "offset": np.zeros((*shape[:2], 2), dtype=np.float32),
        "cd": np.tile(np.array([[-step, 0.0], [0.0, step]]), (len(rows), 1, 1)),
    }
    return CutoutPart(arrays, np.ones(len(rows), dtype=bool), simulated)
