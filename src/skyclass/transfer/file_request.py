"""One file to download: its name on disk, its address, and how it is checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.transfer.integrity import says_too_many_requests

__all__ = ["FileRequest"]

_PART = re.compile(r"[A-Za-z0-9+_][A-Za-z0-9+._-]{0,119}")
_BASE = re.compile(r"https?://[^/?#\s@\x00]+(/[^?#\s\x00]*)?|file:///[^?#\s\x00]*")
_SOURCE = re.compile(r"/[\x21-\x7e]{0,1999}")


@dataclass(frozen=True)
class FileRequest:
    """One file of an archive."""

    kind: str
    """Name of the archive's kind of file, such as ``frames``."""
    path: str
    """Name on disk below the directory of the download, with ``/`` between folders."""
    base: str
    """Where the archive is: ``https://host``, or ``file:///folder`` for a local mirror."""
    source: str
    """Path and query below `base`; they identify the contents, whichever mirror has them."""
    limit: int
    """Most bytes the file may have as it is sent."""
    check: Callable[[Path], None]
    """Raises `SurveyError` where a file is not whole or not what was asked for, and
    `NotFoundError` where it says that the archive has no such file."""
    resolve: Callable[[str], str | None] | None = None
    """Where given, `source` answers with text, from which this makes the file's own path and query
    (None: the archive has no such file)."""
    decompressed_limit: int | None = None
    """Most bytes once decompressed; None where the file is always kept as it was sent."""
    recognise_overload: Callable[[bytes], bool] = says_too_many_requests
    """Whether the first bytes of an answer of status 200 are a message of the service that it was
    asked too often; all requests to its host then wait."""

    def __post_init__(self) -> None:
        """Check that the name stays inside the directory and that the address is one."""
        parts = self.path.split("/")
        if len(parts) > 12 or not all(_PART.fullmatch(part) for part in parts):
            raise SurveyError(f"{self.path[:80]!r} cannot be the name of a downloaded file")
        if not _BASE.fullmatch(self.base):
            raise SurveyError(
                f"{self.base[:80]!r} is not the address of an archive:"
                " it must be https://host or file:///folder"
            )
        if not _SOURCE.fullmatch(self.source):
            raise SurveyError(f"{self.source[:80]!r} is not the path of a file in an archive")

    @property
    def url(self) -> str:
        """Address with path and query."""
        return self.base.rstrip("/") + self.source
