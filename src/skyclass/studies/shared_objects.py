"""The objects of a study's data sets: prepared once, the same for all cells of a data set."""

import json
from pathlib import Path
from typing import Any, Final

from skyclass.catalog.catalog_file import read_catalog, write_catalog
from skyclass.files import make_directory
from skyclass.images.stored_cutouts import read_info
from skyclass.pipeline.prepare import Objects, Places, prepare
from skyclass.progress import Progress, rename_stage
from skyclass.studies.cells import Cell, sources_of
from skyclass.workspace import digest, fingerprint, is_done, mark_done

__all__ = ["objects_of", "prepare_data_set"]

_EXCLUDED: Final[Any] = {
    **dict.fromkeys(("images", "model", "training", "augmentation"), True),
    "survey": {"base_url", "connections", "rate", "retries", "timeout"},
}
"""Settings that change neither objects nor pixels; an image type's part is in its source's name."""

_TABLE: Final = "objects.parquet"


def prepare_data_set(cells: list[Cell], data: Path, progress: Progress) -> None:
    """Make catalogue and cutouts of a data set; what is up to date is not made again.

    Parameters
    ----------
    cells
        All cells of the data set.
    data
        Folder of all data of the study: downloads are shared by all data sets.
    progress
        Called with the data set's name and the stage, steps done and steps in all.

    Raises
    ------
    SkyclassError
        Where the table, the frames or the archive cannot be used.
    """
    configs = sources_of(cells)
    title = cells[0].data_set.name
    own = make_directory(data / title)
    told = {name: c.model_dump(mode="json", exclude=_EXCLUDED) for name, c in configs.items()}
    mark = fingerprint(json.dumps(told, sort_keys=True))
    if is_done(own / "logs", "objects", mark):
        return
    first = next(iter(configs.values()))
    query = fingerprint(first.task, first.catalog.model_dump(mode="json"))
    places = Places(
        own / "catalog.parquet",
        data / "query" / query,
        data / "frames",
        data / "pictures",
        own / "cutouts",
        own / "logs",
    )
    found = prepare(configs, places, rename_stage(progress, f"{title} {{stage}}"))
    write_catalog(next(iter(found.values())).catalog, own / _TABLE)
    mark_done(own / "logs", "objects", mark)


def objects_of(cell: Cell, data: Path) -> Objects:
    """Give the objects that `prepare_data_set` made.

    Parameters
    ----------
    cell
        A cell of the data set.
    data
        As for `prepare_data_set`.

    Returns
    -------
    Objects
        What the cell learns from.

    Raises
    ------
    SkyclassError
        Where they are not there.
    """
    own = data / cell.data_set.name
    cutouts, table = own / "cutouts" / cell.source, own / _TABLE
    return Objects(read_catalog(table), table, digest(table), cutouts, read_info(cutouts))
