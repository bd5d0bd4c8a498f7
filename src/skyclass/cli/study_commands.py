"""The command that runs a grid of experiments."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_directory, check_study, check_training
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption, SchedulerOption
from skyclass.cli.progress_bars import progress_bars

__all__ = ["study"]


def study(
    name: Annotated[str, typer.Argument(help="study file (TOML), or thesis or manual")],
    out: Annotated[Path | None, typer.Option(help="directory of the study")] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="on a simulated survey, served on this machine")
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(help="share of objects, with --simulated", show_default="0.02"),
    ] = None,
    scheduler: SchedulerOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check, and show the settings of every cell, only")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(help="only write the study's file and published figures, to be changed"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a grid of experiments and compare them.

    An interrupted study is resumed; cells that failed are tried again.
    """
    if write is not None:
        if dry_run or simulated or scale or scheduler or out is not None:
            raise typer.BadParameter("--write takes no other option but --json")
        _write(name, write, as_json=as_json)
    elif dry_run:
        _show(name, simulated=simulated, scale=scale, as_json=as_json)
    elif out is None:
        raise typer.BadParameter("missing; name the directory of the study", param_hint="--out")
    else:
        _run(name, out, simulated, scale, scheduler, as_json=as_json)


def _write(name: str, path: Path, *, as_json: bool) -> None:
    """Write the files of a study."""
    from skyclass.studies.study_file import write_study

    files = write_study(name, path)
    if as_json:
        print_json({"files": files})
    else:
        typer.echo(f"written: {', '.join(str(file) for file in files)}")


def _show(name: str, *, simulated: bool, scale: float | None, as_json: bool) -> None:
    """Show the settings of all cells."""
    check_study(name)
    from skyclass.studies.resolve_study import resolve_study

    resolved = resolve_study(name, simulated=simulated, scale=scale)
    if as_json:
        shown = {"common": resolved.common, "cells": resolved.differing}
        print_json({**shown, "overrides": resolved.overrides})
    else:
        typer.echo(resolved)


def _run(
    name: str,
    out: Path,
    simulated: bool,
    scale: float | None,
    scheduler: str | None,
    *,
    as_json: bool,
) -> None:
    """Run a study; raise if a cell failed."""
    check_study(name)
    check_directory(out)
    check_training()
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
