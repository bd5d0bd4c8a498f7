"""The command line: one thin command a verb."""

import functools
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from skyclass._version import __version__
from skyclass.cli.data_commands import archive, catalog, download, simulate
from skyclass.cli.image_commands import cutouts, export_cutouts, show
from skyclass.cli.model_commands import classify, demo, experiment, push
from skyclass.cli.report_command import report
from skyclass.cli.result_commands import compare, figures, reweight
from skyclass.cli.study_commands import study
from skyclass.cli.tuning_commands import learning_rate, tune
from skyclass.errors import SkyclassError

__all__ = ["app", "main"]


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Say what an interruption means; typer itself ends without a word."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            Console(stderr=True).print("interrupted; the same command goes on from here")
            raise typer.Exit(130) from None

    return run


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tell what kind of object a point on the sky is from its survey images.",
)

for _command in (
    *(simulate, catalog, download, cutouts, show, export_cutouts),
    *(experiment, learning_rate, tune, study, report, demo, archive, classify, push),
    *(compare, figures, reweight),
):
    app.command()(_interruptible(_command))


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error, exit code 2."""
    try:
        app()
    except SkyclassError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False, highlight=False)
        sys.exit(2)


def _version(value: bool) -> None:
    """Print the version and stop."""
    if value:
        typer.echo(f"skyclass {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
