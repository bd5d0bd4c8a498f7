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

__all__ = ["AnyPath", "atomic_path", "link_folder", "list_files", "make_directory"]

AnyPath = str | os.PathLike[str]
"""A path, as functions of skyclass accept it."""

_PARTIAL = ".partial-"
_WRITE_ERRORS = {
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
        If the directory cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the directory {path}: {error.strerror}") from error
    return path


def list_files(folder: Path) -> list[Path]:
    """List the files below a directory, following links.

    A directory that has several names, such as one that a link points to, is listed under the
    first of them alone.

    Parameters
    ----------
    folder
        Directory, or a link to one.

    Returns
    -------
    list of pathlib.Path
        Sorted; below `folder` by name, wherever links lead.
    """
    files: list[Path] = []
    seen: set[Path] = set()
    for name, folders, names in os.walk(folder, followlinks=True):
        place = Path(name).resolve()
        if place in seen:
            # a link back up would never end
            folders.clear()
            continue
        seen.add(place)
        folders.sort()
        files += [Path(name, each) for each in names]
    return sorted(files)


@contextmanager
def atomic_path(path: Path, *, folder: bool = False) -> Iterator[Path]:
    """Yield a temporary name beside `path`, and rename it into place on success.

    If the block fails, what was written under the temporary name is removed, so `path` never holds
    a half-written result. An existing file or folder at `path` is replaced.

    Parameters
    ----------
    path
        Final name of the file or folder.
    folder
        Whether it is a folder, which replaces an existing one.

    Yields
    ------
    pathlib.Path
        Name to write to; its suffixes are those of `path`.

    Raises
    ------
    OutputError
        If there is no space, no permission, or no such directory, or `path` is a folder where a
        file is to be written, or the reverse.
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
        # an error of reading something else inside the block passes through
        if not (_is_write_error(error) or partial.name in str(error)):
            raise
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        _remove(partial)


def link_folder(source: Path, target: Path) -> None:
    """Put the files of a folder into another, which replaces what is there.

    The files are hard links, which take no space and stay when those of `source` are removed; they
    are copies where the file system has no links, or `target` is on another one.

    Parameters
    ----------
    source
        Folder of files that are never changed in place.
    target
        Folder to write.

    Raises
    ------
    OutputError
        If `target` cannot be written.
    """
    with atomic_path(target, folder=True) as partial:
        shutil.copytree(source, partial, copy_function=_link_file)


def _link_file(source: str, target: str) -> None:
    """Link a file, or copy it where that is not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _is_write_error(error: OSError) -> bool:
    """Check whether writing failed; astropy reports a full disk in words only."""
    return error.errno in _WRITE_ERRORS or "space on disk" in str(error)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
