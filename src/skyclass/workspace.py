"""Marks of stages that are complete: each holds a fingerprint of what the stage was made from."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from skyclass._version import __version__
from skyclass.files import atomic_path

__all__ = ["digest", "fingerprint", "is_done", "mark_done"]


def digest(path: Path) -> str:
    """Hash a file.

    Parameters
    ----------
    path
        File of any size.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    with path.open("rb") as file:
        found = sha256()
        while chunk := file.read(2**20):
            found.update(chunk)
    return found.hexdigest()[:16]


def fingerprint(*parts: Any) -> str:
    """Hash what a stage depends on.

    Parameters
    ----------
    *parts
        Values for JSON; the version of skyclass is added.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return sha256(json.dumps([__version__, *parts], default=str).encode()).hexdigest()[:16]


def is_done(logs: Path, stage: str, mark: str) -> bool:
    """Tell whether a stage's result is there and was made from the same input.

    Parameters
    ----------
    logs
        Folder of the marks.
    stage
        Name of the stage.
    mark
        Fingerprint of its input.

    Returns
    -------
    bool
        Whether `mark_done` was called with the same.
    """
    path = logs / f"{stage}.done"
    return path.exists() and path.read_text(encoding="utf-8") == mark


def mark_done(logs: Path, stage: str, mark: str) -> None:
    """Record that a stage is complete.

    Parameters
    ----------
    logs
        Folder of the marks.
    stage
        Name of the stage.
    mark
        Fingerprint of its input.
    """
    with atomic_path(logs / f"{stage}.done") as partial:
        partial.write_text(mark, encoding="utf-8")
