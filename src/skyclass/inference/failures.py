"""The table of the fields, or other units of files, that could not be classified."""

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from skyclass.files import atomic_path

__all__ = ["Failure", "locate_failures", "read_failures", "write_failures"]


@dataclass(frozen=True)
class Failure:
    """A unit without an answer."""

    unit: str
    """Its key."""
    folder: str
    """Directory of its frames."""
    reason: str
    """What went wrong."""


def locate_failures(out: Path) -> Path:
    """Locate the table of failures beside a table of results.

    Parameters
    ----------
    out
        Table of results.

    Returns
    -------
    pathlib.Path
        ``<out>.failures.csv``.
    """
    return out.with_name(f"{out.name}.failures.csv")


def read_failures(out: Path) -> list[Failure]:
    """Read the table of failures beside a table of results.

    Parameters
    ----------
    out
        Table of results.

    Returns
    -------
    list of Failure
        None where there is no such table.
    """
    path = locate_failures(out)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [Failure(*row) for row in list(csv.reader(file))[1:]]


def write_failures(failures: Sequence[Failure], out: Path) -> None:
    """Write the table of failures beside a table of results; remove an older one if there is none.

    Parameters
    ----------
    failures
        Units without an answer.
    out
        Table of results.
    """
    path = locate_failures(out)
    if not failures:
        path.unlink(missing_ok=True)
        return
    with (
        atomic_path(path) as partial_path,
        partial_path.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(Failure))
        writer.writerows(astuple(failure) for failure in failures)
