"""Claim an output directory, so that nothing writes into one that holds something else."""

from collections.abc import Callable, Iterable
from pathlib import Path

from skyclass.errors import SkyclassError
from skyclass.files import atomic_path, make_directory

__all__ = ["check_claim", "claim_directory"]


def check_claim(
    marker: Path,
    *,
    kind: str,
    compare: Callable[[Path], str],
    error: type[SkyclassError],
    reserved: Iterable[str] | None = None,
) -> bool:
    """Check that a directory is free for one purpose, or serves it already.

    Parameters
    ----------
    marker
        File in the directory that says what it holds.
    kind
        What the directory is to hold, for messages, such as ``experiment``.
    compare
        Function of the path of an existing marker that describes how its content differs; empty
        text if the directory holds the same.
    error
        Class of the exceptions.
    reserved
        Names that must not exist in a directory without a marker; any other file may. By default
        the directory must be empty.

    Returns
    -------
    bool
        Whether it serves that purpose already.

    Raises
    ------
    SkyclassError
        Of the class `error`, if the directory holds something else or its marker cannot be read.
    """
    directory = marker.parent
    if marker.exists():
        try:
            difference = compare(marker)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise error(
                f"{marker} cannot be read; choose another directory, or remove {directory}"
            ) from problem
        if difference:
            raise error(
                f"{directory} holds another {kind} ({difference}); choose another directory"
            )
        return True
    if directory.exists() and not directory.is_dir():
        raise error(f"{directory} is a file; choose another directory")
    if directory.exists():
        names = {path.name for path in directory.iterdir()}
        foreign = names if reserved is None else names.intersection(reserved)
        if foreign:
            raise error(
                f"{directory} holds {min(foreign)} but no {marker.name}, so it is no {kind}; choose"
                " another directory"
            )
    return False


def claim_directory(
    marker: Path,
    content: str,
    *,
    kind: str,
    compare: Callable[[Path], str],
    error: type[SkyclassError],
    reserved: Iterable[str] | None = None,
) -> None:
    """Take a directory for one purpose, or raise if it serves another.

    Parameters
    ----------
    marker, kind, compare, error, reserved
        As for `check_claim`.
    content
        Text of the marker, which is written if the directory is free.

    Raises
    ------
    SkyclassError
        Of the class `error`, if the directory holds something else or its marker cannot be read.
    """
    if check_claim(marker, kind=kind, compare=compare, error=error, reserved=reserved):
        return
    make_directory(marker.parent)
    with atomic_path(marker) as partial:
        partial.write_text(content, encoding="utf-8")
