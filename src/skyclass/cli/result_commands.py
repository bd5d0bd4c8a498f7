"""Commands on experiments that have been evaluated."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_evaluated, check_figure_format
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption
from skyclass.cli.parse_prior import parse_prior

__all__ = ["compare", "figures", "reweight"]


def figures(
    experiment: Annotated[Path, typer.Argument(help="directory of an experiment")],
    file_format: Annotated[str, typer.Option("--format", help="pdf or png")] = "pdf",
    out: Annotated[
        Path | None, typer.Option(help="directory to write", show_default="EXPERIMENT/figures")
    ] = None,
) -> None:
    """Draw results for a paper, one journal column wide."""
    check_figure_format(file_format)
    check_evaluated(experiment)
    from skyclass.evaluation.write_figures import write_figures

    paths = write_figures(experiment, out, file_format=file_format)
    typer.echo("\n".join(str(path) for path in paths))


def compare(
    a: Annotated[Path, typer.Argument(help="directory of an experiment")],
    b: Annotated[Path, typer.Argument(help="directory of another experiment")],
    common: Annotated[
        bool, typer.Option("--common", help="only test objects that both have")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two experiments on the same test objects."""
    check_evaluated(a, b)
    from skyclass.evaluation.compare import compare as run

    comparison = run(a, b, common=common)
    print_json(comparison) if as_json else typer.echo(str(comparison))


def reweight(
    experiment: Annotated[Path, typer.Argument(help="directory of an experiment")],
    prior: Annotated[
        list[str], typer.Argument(help="share of each class: star=0.7 galaxy=0.25 ...")
    ],
    as_json: JsonOption = False,
) -> None:
    """Compute purity and completeness for other class shares."""
    shares = parse_prior(prior)
    check_evaluated(experiment)
    from skyclass.evaluation.reweight import reweight as run

    reweighting = run(experiment, shares)
    print_json(reweighting) if as_json else typer.echo(str(reweighting))
