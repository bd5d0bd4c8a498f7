"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(help="directory of an experiment or a study")],
) -> None:
    """Write the report of an experiment or a study again.

    The report is one HTML file that needs no other.
    """
    from skyclass.evaluation.report.page import write_report
    from skyclass.studies.study_report import is_study, write_study_report

    path = write_study_report(directory) if is_study(directory) else write_report(directory)
    typer.echo(f"report: {path}")
