"""Copy files from a mirror on disk, which has a ``file://`` address."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from skyclass.errors import OutputError
from skyclass.transfer.errors import NotFoundError, PermanentError, UnreachableError
from skyclass.transfer.file_request import FileRequest

__all__ = ["copy_from_mirror"]


def copy_from_mirror(request: FileRequest, target: Path) -> None:
    """Copy a file from a mirror on disk.

    Parameters
    ----------
    request
        With a ``file://`` base: a folder with the archive's own folders, or one that a download
        went to.
    target
        File to write.

    Raises
    ------
    NotFoundError, PermanentError, UnreachableError
        Where the mirror does not have it, it is too large, or there is no mirror.
    OutputError
        Where it cannot be copied.
    """
    root = Path(url2pathname(urlsplit(request.base).path))
    if not root.is_dir():
        raise UnreachableError(f"{root} is not a directory")
    path = root / request.source.lstrip("/")
    if not path.is_file():
        path = root / request.path
    if not path.is_file():
        raise NotFoundError(f"not in {root}")
    if path.stat().st_size > request.limit:
        raise PermanentError(f"has more than {request.limit} bytes")
    try:
        shutil.copyfile(path, target)
    except OSError as error:
        raise OutputError(f"cannot copy {path} to {target}: {error.strerror or error}") from error
