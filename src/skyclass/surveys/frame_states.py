"""Whether frames on disk are still the ones that cutouts, or classes, were made of."""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pandas as pd

from skyclass.surveys.survey import Survey, Unit
from skyclass.transfer.manifest import MANIFEST_NAME

__all__ = ["hash_frame_states", "hash_unit_states"]


def hash_frame_states(catalog: pd.DataFrame, survey: Survey, frames: Path) -> str:
    """Hash place, names, sizes and times of change of the frames of a catalogue.

    No file is opened. All files of a folder that holds a frame of the catalogue count, so that the
    neighbouring fields do, whose rows complete cutouts at the seams; where a survey does not list
    its files, all files below the directory do.

    Parameters
    ----------
    catalog
        With the key columns of the survey.
    survey
        Survey of the frames.
    frames
        Directory of frames.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    root = frames.resolve()
    digest = sha256(str(root).encode())
    for folder in _list_folders(catalog, survey, root):
        digest.update(f"\n{folder.relative_to(root)}".encode())
        with os.scandir(folder) as files:
            states = _list_states(
                file
                for file in files
                if file.is_file() and not file.name.startswith((".", MANIFEST_NAME))
            )
        digest.update(repr(states).encode())
    return digest.hexdigest()[:16]


def hash_unit_states(unit: Unit, survey: Survey, root: Path) -> str:
    """Hash names, sizes and times of change of the files of a unit, and of its neighbours.

    No file is opened.

    Parameters
    ----------
    unit
        Which unit.
    survey
        Survey of the unit; the files of one that does not list them are not looked at.
    root
        Directory of frames.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    if survey.list_files is None:
        return ""
    units = (unit, *(() if survey.find_neighbours is None else survey.find_neighbours(unit)))
    files = (file.path for each in units for file in survey.list_files(root, each))
    return sha256(repr(_list_states(files)).encode()).hexdigest()[:16]


def _list_states(files: Iterable[Path | os.DirEntry[str]]) -> list[tuple[str, int, int]]:
    """List names, sizes and times of change of files."""
    states = ((file.name, file.stat()) for file in files)
    return sorted((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _list_folders(catalog: pd.DataFrame, survey: Survey, root: Path) -> list[Path]:
    """List the folders whose files count."""
    if survey.list_files is None:
        return sorted(Path(name) for name, _, _ in os.walk(root))
    units = (unit for unit, _ in survey.group_objects(catalog))
    return sorted({file.path.parent for unit in units for file in survey.list_files(root, unit)})
