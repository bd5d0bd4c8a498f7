"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_reportable

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(help="directory of an experiment or a study")],
) -> None:
    """Write the report of an experiment or a study again.

    The report is one HTML file that needs no other.
    """
    check_reportable(directory)
    from skyclass.studies.study_report import report as run

    typer.echo(f"report: {run(directory)}")
