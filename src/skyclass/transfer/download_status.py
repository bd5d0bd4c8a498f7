"""Summary of what lies in the directory of a download."""

from dataclasses import dataclass
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.transfer.manifest import MANIFEST_NAME, Manifest

__all__ = ["DownloadStatus", "FailureStatus", "KindStatus", "read_status"]


@dataclass(frozen=True)
class KindStatus:
    """Files of one kind."""

    kind: str
    """Name of the kind, such as ``frames``."""
    done: int
    """Files that are there, whole."""
    megabytes: float
    """Their size on disk."""
    absent: int
    """Files that the archive does not have."""
    failed: int
    """Files that did not come whole."""

    def __str__(self) -> str:
        """Format the counts as one line."""
        return (
            f"{self.kind}: {self.done} done ({self.megabytes:.1f} MB), {self.absent} absent,"
            f" {self.failed} failed"
        )


@dataclass(frozen=True)
class FailureStatus:
    """Files that failed for one reason."""

    reason: str
    """Why they failed."""
    files: int
    """Their number."""
    first: str
    """Name of the first of them."""

    def __str__(self) -> str:
        """Format the reason as one line."""
        return f"  {self.files} failed: {self.reason} ({self.first})"


@dataclass(frozen=True)
class DownloadStatus:
    """What was downloaded into a directory."""

    kinds: tuple[KindStatus, ...]
    """By kind of file, in alphabetical order."""
    failures: tuple[FailureStatus, ...]
    """By reason, the most frequent first."""

    def __str__(self) -> str:
        """Format a line for each kind of file, then one for each reason of failure."""
        lines = [str(each) for each in (*self.kinds, *self.failures)]
        return "\n".join(lines) or "no file has been requested yet"


def read_status(out: AnyPath) -> DownloadStatus:
    """Summarise what was downloaded into a directory.

    Parameters
    ----------
    out
        Directory of a download.

    Returns
    -------
    DownloadStatus
        Counts of files and reasons of failures.

    Raises
    ------
    SurveyError
        If nothing was downloaded into it.
    """
    out = Path(out)
    if not (out / MANIFEST_NAME).is_file():
        raise SurveyError(f"nothing was downloaded into {out}: it has no {MANIFEST_NAME}")
    with Manifest(out) as manifest:
        counts, failures = manifest.count_files(), manifest.list_failures()
    kinds = []
    for kind in dict.fromkeys(kind for kind, *_ in counts):
        files = {state: n for k, state, n, _ in counts if k == kind}
        size = sum(size for k, _, _, size in counts if k == kind)
        states = (files.get(state, 0) for state in ("absent", "failed"))
        kinds.append(KindStatus(kind, files.get("done", 0), size / 1e6, *states))
    return DownloadStatus(
        tuple(kinds),
        tuple(FailureStatus(reason, count, path) for reason, count, path in failures),
    )
