"""Commands that train, evaluate and use models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclass.cli.early_checks import (
    check_directory,
    check_experiment,
    check_model,
    check_training,
)
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption, TaskOption
from skyclass.cli.progress_bars import progress_bars
from skyclass.extras import check_installed

if TYPE_CHECKING:
    from skyclass.pipeline.experiment import ExperimentResult

__all__ = ["demo", "experiment", "push"]


def experiment(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    out: Annotated[Path, typer.Option(help="directory of the experiment")],
    as_json: JsonOption = False,
) -> None:
    """Run an experiment, from its objects to its report.

    An interrupted experiment is resumed; what is up to date is not done again.
    """
    check_experiment(file)
    check_directory(out)
    check_training()
    from skyclass.pipeline.experiment import run_experiment

    with progress_bars() as progress:
        result = run_experiment(file, out, progress=progress)
    _print_result(result, as_json)


def demo(
    out: Annotated[Path, typer.Option(help="directory to write")] = Path("demo"),
    task: TaskOption = "spectral-class",
    as_json: JsonOption = False,
) -> None:
    """Simulate a survey and run an experiment on it."""
    check_directory(out)
    check_installed("torch", "galsim", purpose="the demo")
    from skyclass.pipeline.demo import run_demo

    with progress_bars() as progress:
        result = run_demo(out, task=task, progress=progress)
    _print_result(result, as_json)


def push(
    model: Annotated[Path, typer.Argument(help="folder of a trained model")],
    repository: Annotated[str, typer.Argument(help="owner/name on the Hugging Face Hub")],
    private: Annotated[bool, typer.Option("--private", help="seen by its owner only")] = False,
) -> None:
    """Upload a model and its card to the Hugging Face Hub."""
    check_model(str(model))
    from skyclass.models.push_pull import push_model as run

    typer.echo(run(model, repository, private=private))


def _print_result(result: "ExperimentResult", as_json: bool) -> None:
    """Print the headline of an experiment and where its report is."""
    if not as_json:
        typer.echo(f"{result.headline}; report: {result.report}")
        return
    test, baseline = result.metrics.test, result.metrics.baseline
    print_json(
        {
            "report": result.report,
            "test_objects": test.n,
            "accuracy": test.accuracy,
            "accuracy_ci95": test.accuracy_ci95,
            "baseline_accuracy": None if baseline is None else baseline.accuracy,
            "baselines": {
                name: scores.accuracy for name, scores in result.metrics.all_baselines.items()
            },
            "simulated": result.metrics.simulated,
        }
    )
