"""The objects of a study's data sets: prepared once, the same for all cells of a data set."""

import json
from typing import Any, Final

from skyclass.cache import locate_cache
from skyclass.catalog.catalog_file import read_catalog, write_catalog
from skyclass.images.stored_cutouts import read_info
from skyclass.pipeline.prepare import PreparedObjects, prepare_objects
from skyclass.progress import Progress, rename_stage
from skyclass.studies.cells import Cell, list_pixel_sources
from skyclass.studies.study_workspace import StudyWorkspace
from skyclass.workspace import (
    SETTINGS_WITHOUT_EFFECT,
    DataPaths,
    fingerprint,
    hash_file,
    is_done,
    mark_done,
)

__all__ = ["load_objects", "prepare_data_set"]

_EXCLUDED: Final[Any] = {
    **dict.fromkeys(("images", "model", "training", "augmentation"), True),
    **SETTINGS_WITHOUT_EFFECT,
}
"""Settings that change neither objects nor pixels; an image type's part is in its source's name."""

_STAGE: Final = "objects"


def prepare_data_set(cells: list[Cell], workspace: StudyWorkspace, progress: Progress) -> None:
    """Make catalogue and cutouts of a data set, unless they are up to date.

    Parameters
    ----------
    cells
        All cells of the data set.
    workspace
        Directory of the study.
    progress
        Called with the data set's name and the stage, steps done and steps in all.

    Raises
    ------
    SkyclassError
        If the table, the frames or the archive cannot be used.
    """
    title = cells[0].data_set.name
    configs = list_pixel_sources(cells)
    settings = {name: c.model_dump(mode="json", exclude=_EXCLUDED) for name, c in configs.items()}
    mark = fingerprint(json.dumps(settings, sort_keys=True))
    paths = _locate_data(cells[0], workspace)
    if is_done(paths.logs, _STAGE, mark):
        return
    cache, report = locate_cache(workspace.root), rename_stage(progress, f"{title} {{stage}}")
    prepared = prepare_objects(configs, paths, cache, report)
    catalog = next(iter(prepared.values())).catalog
    write_catalog(catalog, workspace.objects(title))
    mark_done(paths.logs, _STAGE, mark)


def load_objects(cell: Cell, workspace: StudyWorkspace) -> PreparedObjects:
    """Load the objects that `prepare_data_set` prepared.

    Parameters
    ----------
    cell
        A cell of the data set.
    workspace
        Directory of the study.

    Returns
    -------
    PreparedObjects
        Objects of the cell's experiment.

    Raises
    ------
    SkyclassError
        If they are missing.
    """
    table = workspace.objects(cell.data_set.name)
    cutouts = _locate_data(cell, workspace).cutouts / cell.source
    return PreparedObjects(
        catalog=read_catalog(table),
        table=table,
        source=hash_file(table),
        cutouts=cutouts,
        info=read_info(cutouts),
        cache=locate_cache(workspace.root),
    )


def _locate_data(cell: Cell, workspace: StudyWorkspace) -> DataPaths:
    """Locate the data of a cell's data set."""
    query = fingerprint(cell.config.task, cell.config.catalog.model_dump(mode="json"))
    return workspace.data(cell.data_set.name, query)
