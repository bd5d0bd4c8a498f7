"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_exists, check_reportable

__all__ = ["report"]


def report(
    results: Annotated[
        Path, typer.Argument(help="directory of an experiment or a study, or a table of classify")
    ],
    frames: Annotated[
        list[Path] | None,
        typer.Option(
            help="directory with the frames of a table's sources, to show them; repeatable"
        ),
    ] = None,
) -> None:
    """Write the report of an experiment, a study or a table.

    The report is one HTML file that needs no other.
    """
    check_reportable(results)
    check_exists(*(frames or ()))
    from skyclass.studies.study_report import report as run

    typer.echo(f"report: {run(results, frames=frames or None)}")
