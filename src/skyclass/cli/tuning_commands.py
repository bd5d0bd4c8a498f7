"""Commands that find settings of the training."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.progress_bars import progress_bars

__all__ = ["learning_rate", "tune"]


def learning_rate(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    out: Annotated[Path, typer.Option(help="directory for objects and learning-rate.png")],
    steps: Annotated[int, typer.Option(help="most steps", min=8)] = 100,
) -> None:
    """Suggest a learning rate from a sweep over rates."""
    from skyclass.pipeline.tune import check_learning_rates

    with progress_bars() as progress:
        test = check_learning_rates(file, out, steps=steps, progress=progress)
    typer.echo(f"training.learning_rate = {test.suggestion:.1e}; {out / 'learning-rate.png'}")


def tune(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    space: Annotated[Path, typer.Argument(help="search file (TOML): trials and space")],
    out: Annotated[Path, typer.Option(help="directory of the search")],
) -> None:
    """Search for good settings, judged on the validation objects.

    An interrupted search is resumed.
    """
    from skyclass.pipeline.tune import tune as run

    with progress_bars() as progress:
        found = run(file, space, out, progress=progress)
    settings = ", ".join(f"{key} = {value}" for key, value in found.values.items())
    failed = f", {found.failed} failed" if found.failed else ""
    typer.echo(f"best of {found.trials} trials{failed}: {found.figure:.4f} with {settings}")
    typer.echo(f"experiment file: {out / 'best.toml'}")
