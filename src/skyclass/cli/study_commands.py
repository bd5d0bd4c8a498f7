"""The command that runs a grid of experiments."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption
from skyclass.cli.progress_bars import progress_bars

__all__ = ["study"]


def study(
    name: Annotated[str, typer.Argument(help="study file (TOML), or thesis or manual")],
    out: Annotated[Path, typer.Option(help="directory of the study")],
    simulated: Annotated[
        bool, typer.Option("--simulated", help="on a simulated survey, served on this machine")
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(help="share of objects, with --simulated", show_default="0.02"),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler, such as tcp://10.0.0.1:8786")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a grid of experiments and compare them.

    An interrupted study is resumed; cells that failed are tried again.
    """
    from skyclass.errors import StudyError
    from skyclass.studies.run_study import run_study

    with progress_bars() as progress:
        result = run_study(
            name, out, simulated=simulated, scale=scale, scheduler=scheduler, progress=progress
        )
    if as_json:
        print_json({"report": result.report, "cells": result.cells, "failures": result.failures})
    else:
        typer.echo(f"{result.headline}; report: {result.report}")
    if result.failures:
        typer.echo("\n".join(_by_reason(result.failures)), err=True)
        count = len(result.failures)
        raise StudyError(f"{count} cell(s) failed; run the command again to retry them")


def _by_reason(failures: dict[str, str]) -> list[str]:
    """Group the cells that failed by the reason."""
    reasons: dict[str, list[str]] = {}
    for cell, why in failures.items():
        reasons.setdefault(why, []).append(cell)
    return [
        f"  {cells[0]}{f' and {len(cells) - 1} more' if cells[1:] else ''}: {why}"
        for why, cells in reasons.items()
    ]
