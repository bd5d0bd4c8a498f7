"""Read a TOML file that a user wrote, whatever is in it."""

import tomllib
from pathlib import Path
from typing import Any, Final

from skyclass.errors import SkyclassError

__all__ = ["read_toml"]

_LARGEST: Final = 2**20


def read_toml(path: Path, error_type: type[SkyclassError]) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path
        The file, of 1 MiB at most.
    error_type
        Class of the errors raised.

    Returns
    -------
    dict
        Its keys and values, not checked yet.

    Raises
    ------
    SkyclassError
        Of the given class, if the file is missing, unreadable, too large, or not TOML.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise error_type(f"{path} has more than 1 MiB; it is not a file of settings")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise error_type(f"{path} does not exist") from error
    # beside what is not TOML: numbers of thousands of digits, thousands of nested brackets
    except (OSError, ValueError, RecursionError) as error:
        raise error_type(f"{path} is not a TOML file: {error}") from error
