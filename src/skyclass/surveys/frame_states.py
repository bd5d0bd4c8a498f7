"""Whether frames on disk are still the ones that cutouts were made of."""

import os
from hashlib import sha256
from pathlib import Path

import pandas as pd

from skyclass.surveys.survey import Survey
from skyclass.transfer.manifest import MANIFEST_NAME

__all__ = ["hash_frame_states"]


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
            states = sorted(
                (file.name, file.stat().st_size, file.stat().st_mtime_ns)
                for file in files
                if file.is_file() and not file.name.startswith((".", MANIFEST_NAME))
            )
        digest.update(repr(states).encode())
    return digest.hexdigest()[:16]


def _list_folders(catalog: pd.DataFrame, survey: Survey, root: Path) -> list[Path]:
    """List the folders whose files count."""
    if survey.list_files is None:
        return sorted(Path(name) for name, _, _ in os.walk(root))
    units = (unit for unit, _ in survey.group_objects(catalog))
    return sorted({file.path.parent for unit in units for file in survey.list_files(root, unit)})
