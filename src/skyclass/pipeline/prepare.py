"""The objects of an experiment and their pixels: catalogue, frames or pictures, cutouts.

Several experiments may share them: then every object has the files of all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cache import Cache
from skyclass.catalog.build_catalog import get_source, make_catalog
from skyclass.catalog.catalog_file import Catalog, list_classes, read_catalog, write_catalog
from skyclass.config.sections import Experiment, ObjectsConfig
from skyclass.errors import CatalogError
from skyclass.images.registry import get_image_type
from skyclass.images.stored_cutouts import CutoutInfo, read_info
from skyclass.models.catalog_columns import check_columns
from skyclass.pipeline.pixel_sources import PixelSource
from skyclass.pipeline.store_objects import store_objects
from skyclass.progress import Progress, Stage
from skyclass.schema import POSITION
from skyclass.surveys.registry import get_survey
from skyclass.training.check_class_counts import check_class_counts
from skyclass.workspace import DataPaths, fingerprint, hash_file, hash_plugins, is_done, mark_done

__all__ = ["PreparedObjects", "prepare_objects"]

_STAGE: Final = "catalog"


@dataclass(frozen=True)
class PreparedObjects:
    """The objects of an experiment: catalogue and cutouts."""

    catalog: Catalog
    """Objects of which the archive has every file."""
    table: Path
    """File of the catalogue; it may also hold objects that lack a file."""
    source: str
    """Hash of the table that they come from."""
    cutouts: Path
    """Folder of their cutouts."""
    info: CutoutInfo
    """Description of the cutouts."""
    cache: Cache
    """Where what is computed of them is kept for other experiments."""


def prepare_objects(
    configs: Mapping[str, Experiment], paths: DataPaths, cache: Cache, progress: Progress
) -> dict[str, PreparedObjects]:
    """Make catalogue and cutouts, unless they are up to date or the cache has them.

    Parameters
    ----------
    configs
        Experiments on the same objects, by the name of the folder in `paths.cutouts` that holds
        their cutouts (``""``: that folder itself); one each of frames or of a kind of pictures.
        An object that lacks a file of any of them is left out of all.
    paths
        Where the data lie.
    cache
        Where cutouts and downloads are kept for other experiments.
    progress
        Called with the stage, steps done and steps in all.

    Returns
    -------
    dict
        By the names of `configs`.

    Raises
    ------
    SkyclassError
        If the table, the frames or the archive cannot be used.
    """
    first = next(iter(configs.values()))
    types = [get_image_type(c.images.type, c.survey.name) for c in configs.values()]
    needs_frames = any(each.source is None for each in types)
    catalog, source = _make_catalog(first, paths, needs_frames=needs_frames, progress=progress)
    _check_catalog(catalog.table, configs.values())
    sources = [PixelSource(config, source) for config in configs.values()]
    folders = [paths.cutouts / name for name in configs]
    stored = store_objects(catalog, sources, folders, paths.logs / "objects.json", cache, progress)
    return {
        name: PreparedObjects(stored, paths.catalog, source, folder, read_info(folder), cache)
        for name, folder in zip(configs, folders, strict=True)
    }


def _make_catalog(
    config: Experiment, paths: DataPaths, *, needs_frames: bool, progress: Progress
) -> tuple[Catalog, str]:
    """Make the catalogue; return it with a hash of the table it comes from."""
    clean = config.clean
    if needs_frames and clean.frame_keys == "auto":
        config = config.model_copy(
            update={"clean": clean.model_copy(update={"frame_keys": "require"})}
        )
    progress(Stage.CATALOGUE, 0, 1)
    survey = config.survey.name
    source = hash_file(get_source(config, paths.query, survey=survey, progress=progress))
    objects = {name: getattr(config, name) for name in ObjectsConfig.model_fields}
    task_file = hash_file(Path(config.task)) if config.task.endswith(".toml") else ""
    files = [task_file, *hash_plugins(config.plugins)]
    mark = fingerprint(source, files, survey, ObjectsConfig(**objects).model_dump(mode="json"))
    if not (paths.catalog.exists() and is_done(paths.logs, _STAGE, mark)):
        catalog = make_catalog(config, paths.query, survey=survey, progress=progress)
        write_catalog(catalog, paths.catalog)
        mark_done(paths.logs, _STAGE, mark)
    progress(Stage.CATALOGUE, 1, 1)
    return read_catalog(paths.catalog), source


def _check_catalog(catalog: pd.DataFrame, configs: Iterable[Experiment]) -> None:
    """Check before any pixel is fetched that a model can be trained on the objects."""
    missing = [name for name in POSITION if name not in catalog]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}: cutouts need positions"
        )
    shared = int(catalog.duplicated(list(POSITION)).sum())
    if shared:
        raise CatalogError(
            f"{shared} object(s) have the position of another and so the same pixels; set"
            ' clean.duplicates = "position" or "exact"'
        )
    labels = list_classes(catalog)
    numbers: NDArray[np.int64] = pd.Categorical(catalog["label"], labels).codes.astype(np.int64)
    codes = {name: numbers[catalog["split"] == name] for name in ("train", "validation")}
    for config in configs:
        check_columns(config.model.columns, catalog, get_survey(config.survey.name).band_names)
        check_class_counts(labels, codes, config.training)
