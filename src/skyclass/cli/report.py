"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(help="directory of an experiment")],
) -> None:
    """Write the report of an experiment anew, one HTML file that needs nothing else."""
    from skyclass.evaluation import write_report

    typer.echo(f"report: {write_report(directory)}")
