"""File formats of tables of classified sources."""

import os
from pathlib import Path
from typing import Final

from skyclass.errors import InferenceError
from skyclass.extras import check_installed

__all__ = ["FORMATS", "HATS", "check_hats", "check_suffix"]

FORMATS: Final = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".fits": "fits", ".vot": "votable"}
"""Formats that astropy writes by suffix of the file name; pandas writes ``.parquet``."""

HATS: Final = ".hats"
"""Ends the name of the directory of a HATS catalogue."""

_PROPERTIES: Final = "hats.properties"


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
    known = [".parquet", *FORMATS, HATS]
    if Path(out).suffix == HATS:
        check_hats(Path(out))
    elif Path(out).suffix not in known:
        raise InferenceError(f"{out} has no known suffix; use one of {', '.join(known)}")


def check_hats(out: Path) -> None:
    """Check that a HATS catalogue can be written, before any work.

    Parameters
    ----------
    out
        Directory to be written.

    Raises
    ------
    InferenceError
        If it is there and holds something else.
    MissingExtraError
        If LSDB is not installed.
    """
    check_installed("lsdb", purpose="a HATS catalogue")
    if out.exists() and not (out / _PROPERTIES).is_file():
        raise InferenceError(f"{out} is there and is no HATS catalogue; choose another name")
