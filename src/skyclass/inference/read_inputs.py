"""Recognise what is to be classified: fields, objects of a table, or cutouts."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard, Union

import numpy as np
import pandas as pd
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.cache import Cache
from skyclass.catalog.position_columns import PositionColumns
from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.images.array_cutouts import CutoutArrays, make_arrays, read_arrays
from skyclass.images.cutout_info import INFO_NAME
from skyclass.images.stored_cutouts import StoredCutouts, open_cutouts
from skyclass.inference.classify_pictures import list_pictures
from skyclass.inference.fetch_frames import (
    FrameArchive,
    fetch_around,
    fetch_frames,
    locate_downloads,
)
from skyclass.inference.position_units import check_degrees
from skyclass.inference.read_cutouts import CutoutBatch, read_array_batches, read_stored_batches
from skyclass.inference.read_positions import PositionTable, read_positions
from skyclass.inference.sky_region import Place, Radius, SkyRegion, make_region
from skyclass.inference.stated_pixels import StatedPixels, read_nddata
from skyclass.models.bundled import EXAMPLE, find_example_field
from skyclass.models.model_spec import ModelSpec
from skyclass.progress import Progress, no_progress
from skyclass.schema import COLOURS
from skyclass.surveys.locate import find_covering
from skyclass.surveys.registry import get_survey
from skyclass.surveys.select_units import select_units
from skyclass.surveys.survey import Unit

if TYPE_CHECKING:
    from astropy.nddata import NDData

__all__ = [
    "CutoutInput",
    "FieldInput",
    "InputSettings",
    "Inputs",
    "PictureInput",
    "PositionInput",
    "read_inputs",
]

Inputs = Union[
    AnyPath,
    Sequence[AnyPath],
    NDArray[Any],
    CutoutArrays,
    StoredCutouts,
    PositionTable,
    "NDData",
    Sequence["NDData"],
]
"""What `skyclass.classify` takes."""

_ARRAYS: Final = (".npy", ".npz")
"""Suffixes of files of arrays."""

_OF_ARRAYS: Final = ("survey", "bands", "unit", "pixel_scale")
"""What may be said about them."""


@dataclass(frozen=True)
class FieldInput:
    """Fields, or other units of files, whose sources are to be detected."""

    units: Mapping[Unit, Path]
    """Each with the directory that holds its frames."""
    region: SkyRegion | None = None
    """Where sources are classified; everywhere if None."""


@dataclass(frozen=True, eq=False)
class PositionInput:
    """Objects of a table."""

    table: pd.DataFrame
    """With `ra` and `dec` in degrees."""
    units: Mapping[Unit, Path]
    """Units of files that may hold them, each with the directory of its frames."""


@dataclass(frozen=True, eq=False)
class CutoutInput:
    """Cutouts of objects."""

    batches: Iterator[CutoutBatch]
    """In their order."""


@dataclass(frozen=True)
class PictureInput:
    """Ready-made colour pictures of objects."""

    paths: Sequence[Path]
    """JPEG files."""


@dataclass(frozen=True, eq=False)
class InputSettings:
    """What is said about the inputs beside them; None where nothing is."""

    frames: AnyPath | Sequence[AnyPath] | None = None
    """Directories of the frames of a table."""
    survey: str | None = None
    """Name of their survey."""
    offset: NDArray[Any] | None = None
    """Pixels in y and x from the centres of an array's cutouts to the objects."""
    ra: str | None = None
    """Column of a table's right ascensions."""
    dec: str | None = None
    """Column of its declinations."""
    unit: str | None = None
    """Unit of its positions, or of an array's fluxes."""
    bands: Sequence[str] | None = None
    """Bands of an array, in order."""
    pixel_scale: float | None = None
    """Arcsec per pixel of an array."""
    at: Place | None = None
    """Place whose surroundings are classified, in place of inputs."""
    radius: Radius | None = None
    """How far these reach."""
    base_url: str | None = None
    """Address of a mirror to download frames from."""

    @property
    def pixels(self) -> StatedPixels:
        """What is said about the pixels of an array."""
        return StatedPixels(self.survey, self.bands, self.unit, self.pixel_scale)

    def check_used(self, what: str, *used: str) -> None:
        """Raise if anything is said that does not belong to the inputs.

        Parameters
        ----------
        what
            What the inputs are, for the message.
        *used
            What belongs to them.

        Raises
        ------
        InferenceError
            If anything else is said.
        """
        for field in fields(self):
            if field.name not in used and getattr(self, field.name) is not None:
                raise InferenceError(f"{field.name} does not belong to {what}; leave it out")


def read_inputs(
    inputs: Inputs | None,
    spec: ModelSpec,
    settings: InputSettings,
    *,
    cache: Cache,
    progress: Progress = no_progress,
) -> FieldInput | PositionInput | CutoutInput | PictureInput:
    """Recognise what is to be classified, and check it against a model.

    Parameters
    ----------
    inputs
        As `skyclass.inference.classify.classify` takes them.
    spec
        The model.
    settings
        What is said about them.
    cache
        Where frames are downloaded to, unless `settings` names a directory.
    progress
        Called with the stage, frames done and frames in all, if they are downloaded.

    Returns
    -------
    FieldInput, PositionInput, CutoutInput or PictureInput
        What it is.

    Raises
    ------
    SkyclassError
        If it cannot be classified with this model, with the reason.
    """
    downloads = Downloads(cache, progress)
    if spec.bands == COLOURS:
        return _read_pictures(inputs, spec, settings)
    if settings.at is not None:
        if inputs is not None:
            raise InferenceError("inputs and at exclude each other; name frames by frames")
        return _read_region(settings.at, spec, settings, downloads)
    if inputs is None:
        raise InferenceError("there are no inputs; name frames, a table, cutouts, or a place (at)")
    pixels = settings.pixels
    if isinstance(inputs, np.ndarray):
        inputs = make_arrays(inputs, settings.offset)
    elif _is_nddata(inputs):
        inputs, pixels = read_nddata(inputs, pixels, settings.offset)
    elif settings.offset is not None:
        raise InferenceError("offset belongs to an array of cutouts; inputs is none")
    if isinstance(inputs, CutoutArrays):
        settings.check_used("an array of cutouts", "offset", *_OF_ARRAYS)
        return CutoutInput(read_array_batches(inputs, spec, pixels))
    _check_survey(settings, spec)
    if isinstance(inputs, StoredCutouts):
        settings.check_used("stored cutouts", "survey")
        return CutoutInput(read_stored_batches(inputs, spec))
    if isinstance(inputs, list | tuple | str | os.PathLike):
        return _read_paths(list_paths(inputs), spec, settings, downloads)
    return _read_positions(inputs, spec, settings, downloads)


def _read_pictures(inputs: Inputs | None, spec: ModelSpec, settings: InputSettings) -> PictureInput:
    """List the pictures for a model that takes such."""
    settings.check_used("pictures", "survey")
    _check_survey(settings, spec)
    if not isinstance(inputs, list | tuple | str | os.PathLike):
        raise InferenceError(
            f"the model takes ready-made pictures ({spec.image_type}); name their files"
        )
    return PictureInput(list_pictures(list_paths(inputs), spec))


def _is_nddata(inputs: object) -> TypeGuard["NDData | Sequence[NDData]"]:
    """Check whether inputs are images of astropy."""
    from astropy.nddata import NDData

    listed = inputs if isinstance(inputs, list | tuple) else [inputs]
    return bool(listed) and all(isinstance(each, NDData) for each in listed)


def _check_survey(settings: InputSettings, spec: ModelSpec) -> None:
    """Raise if the inputs are of another survey than the model."""
    if settings.survey not in (None, spec.survey):
        raise InferenceError(f"the model is of survey {spec.survey}, not of {settings.survey}")


def list_paths(paths: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """List one or several paths.

    Parameters
    ----------
    paths
        One, or a list or tuple of them; ``example``, if there is no such file, is the simulated
        field that comes with the package.

    Returns
    -------
    list of pathlib.Path
        At least one.

    Raises
    ------
    InferenceError
        If there is none, or one does not exist.
    """
    listed = [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    listed = [
        find_example_field() if str(path) == EXAMPLE and not path.exists() else path
        for path in listed
    ]
    if not listed:
        raise InferenceError("inputs is empty: name directories, frames, a table or cutouts")
    for path in listed:
        if not path.exists():
            raise InferenceError(f"{path} does not exist")
    return listed


def _read_paths(
    paths: list[Path], spec: ModelSpec, settings: InputSettings, downloads: "Downloads"
) -> FieldInput | PositionInput | CutoutInput:
    """Recognise what files and directories hold."""
    first = paths[0]
    cutouts = [path for path in paths if (path / INFO_NAME).is_file() or path.suffix in _ARRAYS]
    tables = [path for path in paths if path.is_file() and not _is_image(path)]
    if (cutouts or tables) and len(paths) > 1:
        raise InferenceError(f"{(cutouts or tables)[0]} must be the only input")
    if cutouts and first.is_dir():
        settings.check_used("stored cutouts", "survey")
        return CutoutInput(read_stored_batches(open_cutouts(first), spec))
    if cutouts:
        settings.check_used("an array of cutouts", *_OF_ARRAYS)
        return CutoutInput(read_array_batches(read_arrays(first), spec, settings.pixels))
    if tables:
        return _read_positions(first, spec, settings, downloads)
    settings.check_used(f"{first}, which holds frames", "survey")
    return FieldInput(select_units(paths, get_survey(spec.survey)))


def _is_image(path: Path) -> bool:
    """Check whether a file is an image in FITS, which a table is not."""
    if ".fits" not in path.suffixes:
        return False
    try:
        return bool(fits.getheader(path).get("NAXIS", 0) >= 2)
    except OSError:
        # a broken frame is said to be broken by its reader
        return path.suffix == ".bz2"


@dataclass(frozen=True)
class Downloads:
    """How frames are downloaded."""

    cache: Cache
    """Where to, unless a directory is named."""
    progress: Progress
    """Called with the stage, frames done and frames in all."""

    def open_archive(self, spec: ModelSpec, settings: InputSettings) -> FrameArchive:
        """Open the archive that has the frames of a model's survey."""
        if settings.frames is None:
            folder = locate_downloads(self.cache, spec.survey, settings.base_url)
        else:
            folder = _list_folders(settings.frames)[0]
        return FrameArchive(spec.survey, settings.base_url, folder)


def _list_folders(frames: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """List directories, which need not exist."""
    return [Path(each) for each in ([frames] if isinstance(frames, str | os.PathLike) else frames)]


def _is_downloaded(settings: InputSettings) -> bool:
    """Check whether frames are downloaded: no directory holds them, or a mirror is named."""
    return settings.frames is None or settings.base_url is not None


def _read_positions(
    table: PositionTable, spec: ModelSpec, settings: InputSettings, downloads: Downloads
) -> PositionInput:
    """Read a table of positions, and find or download the frames that may hold them."""
    used = ("frames", "survey", "ra", "dec", "unit", "base_url")
    settings.check_used("a table of positions", *used)
    survey = get_survey(spec.survey)
    objects = read_positions(table, spec, PositionColumns(settings.ra, settings.dec, settings.unit))
    units: Mapping[Unit, Path] = {}
    if settings.frames is not None and settings.base_url is None:
        units = select_units(list_paths(settings.frames), survey)
    if settings.unit is None:
        check_degrees(objects, units, survey)
    if _is_downloaded(settings):
        archive = downloads.open_archive(spec, settings)
        units = fetch_frames(objects, archive, spec.size, downloads.progress)
    return PositionInput(objects, units)


def _read_region(
    place: Place, spec: ModelSpec, settings: InputSettings, downloads: Downloads
) -> FieldInput:
    """Find or download the frames around a place."""
    settings.check_used("a place (at)", "at", "radius", "frames", "survey", "base_url")
    _check_survey(settings, spec)
    if not get_survey(spec.survey).key:
        raise InferenceError(
            f"survey {spec.survey} has images of single objects, in which no sources around a place"
            " (at) are detected; name a table of positions"
        )
    region = make_region(place, settings.radius)
    if _is_downloaded(settings):
        archive = downloads.open_archive(spec, settings)
        units = fetch_around(region, archive, spec.size, downloads.progress)
        where = "downloaded"
    else:
        assert settings.frames is not None
        units = select_units(list_paths(settings.frames), get_survey(spec.survey))
        where = "local"
    survey = get_survey(spec.survey)
    covering = find_covering(region.ra, region.dec, region.radius, units, survey)
    if not covering:
        raise InferenceError(f"no {where} frame of survey {spec.survey} covers {region}")
    return FieldInput(covering, region)
