"""Write a file or folder under a temporary name, then rename it into place."""

import errno
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyclass.errors import OutputError

__all__ = ["AnyPath", "atomic_path", "make_directory"]

AnyPath = str | os.PathLike[str]
"""A path as whoever calls skyclass may write it."""

_PARTIAL = ".partial-"
_WRITING = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}


def make_directory(path: Path) -> Path:
    """Make a directory and its parents.

    Parameters
    ----------
    path
        Directory to make; may exist already.

    Returns
    -------
    pathlib.Path
        The same path.

    Raises
    ------
    OutputError
        Where the directory cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the directory {path}: {error.strerror}") from error
    return path


@contextmanager
def atomic_path(path: Path, *, folder: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it into place on success.

    What was written under the temporary name is removed when the block fails, so no half-written
    result is ever seen under `path`. An existing file or folder at `path` is replaced.

    Parameters
    ----------
    path
        Final name of the file or folder.
    folder
        Whether it is a folder, which takes the place of one that is there.

    Yields
    ------
    pathlib.Path
        Name to write to; its suffixes are those of `path`.

    Raises
    ------
    OutputError
        Where there is no space, no permission, or no such place to write to, or a folder lies
        where a file is to be written, or the other way about.
    """
    make_directory(path.parent)
    if path.exists() and path.is_dir() != folder:
        raise OutputError(f"{path} is a {'file' if folder else 'folder'}; choose another name")
    for stale in path.parent.glob(f"{_PARTIAL}*-{glob.escape(path.name)}"):
        _remove(stale)
    partial = path.parent / f"{_PARTIAL}{uuid.uuid4().hex[:8]}-{path.name}"
    try:
        yield partial
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        partial.replace(path)
    except OSError as error:
        # an error of something else, read inside the block, is not ours to explain
        if not (_is_of_writing(error) or partial.name in str(error)):
            raise
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        _remove(partial)


def _is_of_writing(error: OSError) -> bool:
    """Tell whether a place could not be written to; astropy reports a full disk in words only."""
    return error.errno in _WRITING or "space on disk" in str(error)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
