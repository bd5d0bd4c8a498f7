"""File formats of tables of classified sources."""

import os
from pathlib import Path
from typing import Final

from skyclass.errors import InferenceError

__all__ = ["FORMATS", "check_suffix"]

FORMATS: Final = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".fits": "fits", ".vot": "votable"}
"""Formats that astropy writes by suffix of the file name; pandas writes ``.parquet``."""


def check_suffix(out: os.PathLike[str]) -> None:
    """Check that a file name has a known suffix, before any work.

    Parameters
    ----------
    out
        File to be written.

    Raises
    ------
    InferenceError
        If it has another suffix.
    """
    known = [".parquet", *FORMATS]
    if Path(out).suffix not in known:
        raise InferenceError(f"{out} has no known suffix; use one of {', '.join(known)}")
