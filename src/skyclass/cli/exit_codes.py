"""End a command whose result is not whole with an exit code that says so."""

from pathlib import Path

import typer

__all__ = ["exit_if_failed"]


def exit_if_failed(out: Path) -> None:
    """Say how many fields failed, and exit with code 1, if any did.

    Parameters
    ----------
    out
        Table that `skyclass.classify` wrote.
    """
    from skyclass.inference.failures import locate_failures, read_failures

    failures = read_failures(out)
    if failures:
        typer.echo(
            f"fields that failed: {len(failures)}, listed in {locate_failures(out)};"
            " the same command does only what is missing",
            err=True,
        )
        raise typer.Exit(1)
