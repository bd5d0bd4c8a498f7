"""The application: its commands by the way of the data, and what they have in common."""

import functools
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Console

from skyclass._version import __version__
from skyclass.cli.cache_commands import cache
from skyclass.cli.classify_command import classify
from skyclass.cli.config_commands import migrate
from skyclass.cli.data_commands import archive, catalog, download, simulate
from skyclass.cli.evaluation_command import evaluate
from skyclass.cli.image_commands import cutouts, export_cutouts, show
from skyclass.cli.model_commands import demo, experiment, export, push
from skyclass.cli.report_command import report
from skyclass.cli.result_commands import compare, figures, reweight
from skyclass.cli.study_commands import study
from skyclass.cli.tuning_commands import learning_rate, tune
from skyclass.cli.verbosity import set_verbosity
from skyclass.errors import SkyclassError
from skyclass.extras import explain_missing

__all__ = ["PANELS", "Command", "app", "main"]


@dataclass(frozen=True)
class Command:
    """One command."""

    run: Callable[..., None]
    """What it does; its name and its first line are the command's."""
    function: str
    """The public Python function that it calls."""
    example: str
    """A call of it, which ends its help; the following lines go on with it."""
    instead: tuple[str, ...] = ()
    """Public Python functions that some of its arguments call instead."""

    @property
    def name(self) -> str:
        """Name as it is typed."""
        return self.run.__name__.replace("_", "-")

    @property
    def help(self) -> str:
        """What it does, one line a paragraph, so that it is wrapped to the terminal."""
        return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(self.run) or "")


PANELS: Final[dict[str, tuple[Command, ...]]] = {
    "From a catalogue to a report": (
        Command(demo, "skyclass.pipeline.demo.run_demo", "skyclass demo --out demo"),
        Command(
            experiment, "skyclass.run_experiment", "skyclass experiment stars.toml --out stars"
        ),
        Command(
            study,
            "skyclass.run_study",
            "skyclass study thesis --out thesis --simulated",
            instead=(
                "skyclass.studies.resolve_study.resolve_study",
                "skyclass.studies.study_file.write_study",
            ),
        ),
    ),
    "Objects and survey files": (
        Command(simulate, "skyclass.simulate", "skyclass simulate --out survey --fields 4"),
        Command(
            catalog,
            "skyclass.catalog.build_catalog.make_catalog",
            "skyclass catalog stars.csv --out c.parquet --set split.by=field",
        ),
        Command(
            download,
            "skyclass.download",
            "skyclass download --catalog c.parquet --out frames",
        ),
    ),
    "Cutouts and image types": (
        Command(
            cutouts,
            "skyclass.make_cutouts",
            "skyclass cutouts --catalog c.parquet --frames frames --out cutouts",
        ),
        Command(
            show, "skyclass.show", "skyclass show --cutouts cutouts --types gri,colours --out a.png"
        ),
        Command(
            export_cutouts,
            "skyclass.images.export.export_cutouts",
            "skyclass export-cutouts --cutouts cutouts --format fits --out fits",
        ),
    ),
    "Settings of the training": (
        Command(
            learning_rate,
            "skyclass.pipeline.tune.sweep_learning_rate",
            "skyclass learning-rate stars.toml --out rates",
        ),
        Command(
            tune,
            "skyclass.pipeline.tune.tune",
            "skyclass tune stars.toml search.toml --out search",
        ),
    ),
    "Results": (
        Command(report, "skyclass.report", "skyclass report stars"),
        Command(compare, "skyclass.compare", "skyclass compare stars-asinh stars-gri --common"),
        Command(
            reweight,
            "skyclass.evaluation.reweight.reweight",
            "skyclass reweight objects star=0.7 galaxy=0.25 quasar=0.05",
        ),
        Command(
            figures,
            "skyclass.evaluation.write_figures.write_figures",
            "skyclass figures stars --format png",
        ),
    ),
    "Use of a trained model": (
        Command(
            classify,
            "skyclass.classify",
            "skyclass classify frames --model stars/model --out classes.fits",
            instead=(
                "skyclass.views.field_picture.draw_field",
                "skyclass.views.region_file.write_regions",
                "skyclass.views.send_table.send_table",
            ),
        ),
        Command(
            evaluate,
            "skyclass.evaluate",
            "skyclass evaluate stars/model objects.csv --frames frames --out check",
        ),
        Command(
            export,
            "skyclass.pipeline.export_model.export_model",
            "skyclass export stars --format openvino --out stars-openvino",
        ),
        Command(
            push, "skyclass.models.push_pull.push_model", "skyclass push stars/model owner/stars"
        ),
    ),
    "Tools": (
        Command(archive, "skyclass.serve_archive", "skyclass archive survey --fault 404=0.1"),
        Command(
            cache,
            "skyclass.cache_contents.list_entries",
            "skyclass cache ls experiments",
            instead=("skyclass.cache_contents.clear_entries",),
        ),
        Command(migrate, "skyclass.config.migrate.migrate_config", "skyclass migrate stars.toml"),
    ),
}
"""All commands by the panel of the help that shows them."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Tell what kind of object a point on the sky is from its survey images.",
    epilog="Example: skyclass demo --out demo",
)


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error, exit code 2."""
    try:
        app()
    except SkyclassError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False, highlight=False)
        sys.exit(2)


def _guard(command: Callable[..., None]) -> Callable[..., None]:
    """Say what an interruption means, and which extra is missing; typer itself does neither."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        try:
            with explain_missing():
                command(*arguments, **options)
        except KeyboardInterrupt:
            Console(stderr=True).print("interrupted; run the same command again to resume it")
            raise typer.Exit(130) from None

    return run


def _print_version(value: bool) -> None:
    """Print the version and stop."""
    if value:
        typer.echo(f"skyclass {__version__}")
        raise typer.Exit


@app.callback()
def _set_up(
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Write results and errors only.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every step and HTTP request.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    set_verbosity(quiet=quiet, verbose=verbose)


for _panel, _commands in PANELS.items():
    for _command in _commands:
        app.command(
            _command.name,
            help=_command.help,
            epilog=f"Example: {_command.example}",
            rich_help_panel=_panel,
        )(_guard(_command.run))
