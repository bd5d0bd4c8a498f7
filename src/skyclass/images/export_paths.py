"""Folders and file names of exported objects."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skyclass.errors import ImageError
from skyclass.object_names import name_object

__all__ = ["choose_path", "make_class_folders", "make_safe_name"]


def choose_path(folder: Path, row: Mapping[str, Any], number: int, ending: str) -> Path:
    """Name an object's file; where two objects have one name, the second gets its row's number.

    Parameters
    ----------
    folder
        Folder of the object's class.
    row
        Ids and position of the object.
    number
        Row in its split.
    ending
        Such as ``.fits``.

    Returns
    -------
    pathlib.Path
        File that does not exist yet.
    """
    name = name_object(row)
    path = folder / f"{name}{ending}"
    return folder / f"{name}-{number:08d}{ending}" if path.exists() else path


def make_class_folders(out: Path, labels: Sequence[str]) -> list[Path]:
    """Make a folder for each class.

    Parameters
    ----------
    out
        Folder of a split.
    labels
        Names of the classes.

    Returns
    -------
    list of pathlib.Path
        In the order of `labels`.

    Raises
    ------
    ImageError
        If two classes would share a folder.
    """
    folders = [out / make_safe_name(label) for label in labels]
    if len(set(folders)) < len(folders):
        raise ImageError(
            f"classes {', '.join(labels)} cannot have a folder each: some names differ only in"
            " characters that a folder's name cannot hold"
        )
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def make_safe_name(label: str) -> str:
    """Convert the name of a class to one that a folder can have.

    Parameters
    ----------
    label
        Any text.

    Returns
    -------
    str
        Letters, digits, ``_``, ``+`` and ``-`` only.
    """
    return re.sub(r"[^A-Za-z0-9_+-]", "_", label)[:64] or "_"
