"""The objects of an experiment and their pixels: catalogue, frames or pictures, cutouts.

Several experiments may share them: then every object has the files of all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.build_catalog import get_source, make_catalog
from skyclass.catalog.catalog_file import Catalog, list_classes, read_catalog, write_catalog
from skyclass.catalog.match_objects import match_objects
from skyclass.config.sections import Experiment, ObjectsConfig
from skyclass.errors import CatalogError, SurveyError
from skyclass.images.image_type import PictureSource
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.picture_cutouts import make_picture_cutouts, make_picture_request
from skyclass.images.registry import get_image_type
from skyclass.images.stored_cutouts import CutoutInfo, open_cutouts
from skyclass.models.catalog_columns import check_columns
from skyclass.progress import Progress, Stage
from skyclass.schema import POSITION
from skyclass.surveys.acquire import acquire_frames, acquire_pictures
from skyclass.surveys.registry import get_survey
from skyclass.training.check_class_counts import check_class_counts
from skyclass.workspace import digest, fingerprint, is_done, mark_done

__all__ = ["Objects", "Places", "check_sources", "prepare"]


@dataclass(frozen=True)
class Places:
    """Where the data of one or several experiments lie."""

    catalog: Path
    """Parquet file of the clean, labelled, split objects."""
    query: Path
    """Folder for the answers of a query."""
    frames: Path
    """Directory of frames, where the configuration names none."""
    pictures: Path
    """Directory of downloaded pictures."""
    cutouts: Path
    """Folder of cutouts; where several experiments share objects, one in it a source of pixels."""
    logs: Path
    """Folder of what has been found out and done."""

    @classmethod
    def within(cls, out: Path) -> Self:
        """Give the places of an experiment that has its own data.

        Parameters
        ----------
        out
            Directory of the experiment.

        Returns
        -------
        Places
            All of them below `out`.
        """
        names = ("catalog.parquet", "query", "frames", "pictures", "cutouts", "logs")
        return cls(*(out / name for name in names))


@dataclass(frozen=True)
class Objects:
    """The objects of an experiment, ready to be learnt from."""

    catalog: Catalog
    """Those that the archive has every file of."""
    table: Path
    """File of the catalogue; it may still hold those that lack a file."""
    source: str
    """Hash of the table that they are from."""
    cutouts: Path
    """Folder of their pixels."""
    info: CutoutInfo
    """What the pixels are."""


def check_sources(config: Experiment) -> None:
    """Refuse an experiment whose table or directory of frames is not there.

    Parameters
    ----------
    config
        Experiment.

    Raises
    ------
    CatalogError
        Where the table is not there.
    SurveyError
        Where frames are neither there nor downloaded.
    """
    path, frames = config.catalog.path, config.survey.frames
    if path is not None and not path.is_file():
        raise CatalogError(f"{path} does not exist")
    if frames is not None and config.survey.base_url is None and not frames.is_dir():
        raise SurveyError(f"the directory of frames {frames} does not exist")


def prepare(
    configs: Mapping[str, Experiment], places: Places, progress: Progress
) -> dict[str, Objects]:
    """Make catalogue and cutouts; what is up to date is not made again.

    Parameters
    ----------
    configs
        Experiments on the same objects, by the name of the folder in `places.cutouts` that their
        pixels lie in (``""``: that folder itself); one each of frames or of a kind of pictures.
        An object that lacks a file of any of them is left out of all.
    places
        Where everything lies.
    progress
        Called with the stage, steps done and steps in all.

    Returns
    -------
    dict
        By the names of `configs`.

    Raises
    ------
    SkyclassError
        Where the table, the frames or the archive cannot be used.
    """
    sources = {
        name: get_image_type(c.images.type, c.survey.name).source for name, c in configs.items()
    }
    needs_frames = None in sources.values()
    first = next(iter(configs.values()))
    catalog, source = _catalog(first, places, needs_frames=needs_frames, progress=progress)
    _check_catalog(catalog.table, configs.values())
    for name, config in configs.items():
        catalog = _with_files(config, sources[name], catalog, places, name, progress)
    infos = {}
    # frames first: an object found not to lie on its frame is to have no picture either
    for name in sorted(configs, key=lambda key: sources[key] is not None):
        cutouts = places.cutouts / name
        infos[name] = _cutouts(configs[name], sources[name], catalog, places, cutouts, progress)
        if sources[name] is None and len(configs) > 1:
            catalog = _counted(catalog, _keep_stored(catalog.table, cutouts), "not on its frames")
    return {
        name: Objects(catalog, places.catalog, source, places.cutouts / name, infos[name])
        for name in configs
    }


def _catalog(
    config: Experiment, places: Places, *, needs_frames: bool, progress: Progress
) -> tuple[Catalog, str]:
    """Clean, label, sample and split the objects; give also a hash of the table they are from."""
    clean = config.clean
    if needs_frames and clean.frame_keys == "auto":
        config = config.model_copy(
            update={"clean": clean.model_copy(update={"frame_keys": "require"})}
        )
    progress(Stage.CATALOGUE, 0, 1)
    survey = config.survey.name
    source = digest(get_source(config, places.query, survey=survey, progress=progress))
    objects = {name: getattr(config, name) for name in ObjectsConfig.model_fields}
    task_file = digest(Path(config.task)) if config.task.endswith(".toml") else ""
    mark = fingerprint(source, task_file, survey, ObjectsConfig(**objects).model_dump(mode="json"))
    if not (places.catalog.exists() and is_done(places.logs, "catalog", mark)):
        catalog = make_catalog(config, places.query, survey=survey, progress=progress)
        write_catalog(catalog, places.catalog)
        mark_done(places.logs, "catalog", mark)
    progress(Stage.CATALOGUE, 1, 1)
    return read_catalog(places.catalog), source


def _check_catalog(catalog: pd.DataFrame, configs: Iterable[Experiment]) -> None:
    """Refuse, before any pixel is fetched, objects that nothing could be learnt from."""
    missing = [name for name in POSITION if name not in catalog]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}: there are no pixels without a place"
        )
    shared = int(catalog.duplicated(list(POSITION)).sum())
    if shared:
        raise CatalogError(
            f"{shared} object(s) lie where another does, so that their pixels are the same; set"
            ' clean.duplicates = "position" or "exact"'
        )
    labels = list_classes(catalog)
    numbers: NDArray[np.int64] = pd.Categorical(catalog["label"], labels).codes.astype(np.int64)
    codes = {name: numbers[catalog["split"] == name] for name in ("train", "validation")}
    for config in configs:
        check_columns(config.model.columns, catalog, get_survey(config.survey.name).band_names)
        check_class_counts(labels, codes, config.training)


def _with_files(
    config: Experiment,
    source: PictureSource | None,
    catalog: Catalog,
    places: Places,
    name: str,
    progress: Progress,
) -> Catalog:
    """Check or download frames or pictures; leave out objects that the archive has none of."""
    used = (places.cutouts / name).exists() and any((places.cutouts / name).iterdir())
    if source is None:
        kept = acquire_frames(
            catalog.table,
            config.survey,
            _frames(config, places),
            places.logs / name,
            size=config.cutouts.count_pixels(get_survey(config.survey.name).pixel_scale),
            used=used,
            keep_lacking=config.cutouts.missing_band == "mask",
            progress=progress,
        )
        return _counted(catalog, kept, "no frame in the archive")
    what, picture = make_picture_request(source)
    kept = acquire_pictures(
        catalog.table,
        what,
        config.survey,
        picture,
        places.pictures,
        places.logs / name,
        used=used,
        progress=progress,
    )
    return _counted(catalog, kept, "no picture in the archive")


def _cutouts(
    config: Experiment,
    source: PictureSource | None,
    catalog: Catalog,
    places: Places,
    out: Path,
    progress: Progress,
) -> CutoutInfo:
    """Cut all objects out of the frames, or store their pictures."""
    if source is None:
        frames = _frames(config, places)
        return make_cutouts(
            catalog.table,
            frames,
            out,
            config.cutouts,
            survey=config.survey.name,
            replace=True,
            progress=progress,
        )
    return make_picture_cutouts(
        catalog.table, places.pictures, out, source, config.survey, replace=True, progress=progress
    )


def _frames(config: Experiment, places: Places) -> Path:
    """Give the directory of frames."""
    return config.survey.frames or places.frames


def _counted(catalog: Catalog, kept: pd.DataFrame, reason: str) -> Catalog:
    """Count the objects that were left out of a catalogue among those dropped."""
    before = catalog.report.dropped.get(reason, 0)
    dropped = {**catalog.report.dropped, reason: before + len(catalog) - len(kept)}
    return Catalog(kept, catalog.report.model_copy(update={"dropped": dropped}))


def _keep_stored(catalog: pd.DataFrame, cutouts: Path) -> pd.DataFrame:
    """Keep the objects that have a cutout."""
    splits = (open_cutouts(cutouts)[split] for split in catalog["split"].unique())
    stored = pd.concat([split.objects() for split in splits], ignore_index=True)
    kept: pd.DataFrame = catalog[match_objects(catalog, stored) >= 0].reset_index(drop=True)
    return kept
