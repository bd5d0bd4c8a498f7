"""Commands that find settings of the training."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import (
    check_directory,
    check_experiment,
    check_search,
    check_training,
)
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption
from skyclass.cli.progress_bars import progress_bars

__all__ = ["learning_rate", "tune"]


def learning_rate(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    out: Annotated[Path, typer.Option(help="directory for objects and learning-rate.png")],
    steps: Annotated[int, typer.Option(help="most steps", min=8)] = 100,
    as_json: JsonOption = False,
) -> None:
    """Suggest a learning rate from a sweep over rates."""
    check_experiment(file)
    check_directory(out)
    check_training()
    from skyclass.pipeline.tune import sweep_learning_rate

    with progress_bars() as progress:
        sweep = sweep_learning_rate(file, out, steps=steps, progress=progress)
    picture = out / "learning-rate.png"
    if as_json:
        print_json({"learning_rate": sweep.suggestion, "picture": picture})
    else:
        typer.echo(f"training.learning_rate = {sweep.suggestion:.1e}; {picture}")


def tune(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    space: Annotated[Path, typer.Argument(help="search file (TOML): trials and space")],
    out: Annotated[Path, typer.Option(help="directory of the search")],
    as_json: JsonOption = False,
) -> None:
    """Search for good settings, judged on the validation objects.

    An interrupted search is resumed.
    """
    check_search(file, space)
    check_directory(out)
    check_training()
    from skyclass.pipeline.tune import tune as run

    with progress_bars() as progress:
        best = run(file, space, out, progress=progress)
    if as_json:
        print_json(best)
        return
    settings = ", ".join(f"{key} = {value}" for key, value in best.values.items())
    failed = f", {best.failed} failed" if best.failed else ""
    typer.echo(f"best of {best.trials} trials{failed}: {best.figure:.4f} with {settings}")
    typer.echo(f"experiment file: {out / 'best.toml'}")
