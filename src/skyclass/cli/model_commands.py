"""Commands that train, evaluate and use models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclass.cli.early_checks import (
    check_directory,
    check_exists,
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

__all__ = ["demo", "experiment", "export", "push"]


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


def export(
    model: Annotated[
        str, typer.Argument(help="stars, objects, folder of a model, or hf://owner/name")
    ],
    out: Annotated[Path, typer.Option(help="folder to write")],
    file_format: Annotated[str, typer.Option("--format", help="onnx or openvino")] = "onnx",
    int8: Annotated[
        bool, typer.Option("--int8", help="8 bits, if that costs at most 0.2 points of accuracy")
    ] = False,
    cutouts: Annotated[
        Path | None, typer.Option(help="labelled cutouts on which --int8 is checked")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Export a model, all it computes in one graph, for a runtime.

    `classify --model OUT` classifies with it. 8 bits are checked on at least 5,000 test objects.
    """
    from skyclass.models.export_checks import check_export

    check_export(out, file_format, int8=int8, cutouts=cutouts)
    check_model(model)
    check_exists(*([] if cutouts is None else [cutouts]))
    from skyclass.pipeline.export_model import export_model

    with progress_bars() as progress:
        done = export_model(
            model, out, file_format=file_format, int8=int8, cutouts=cutouts, progress=progress
        )
    if as_json:
        print_json({"folder": done.folder, "accuracies": done.accuracies, "objects": done.objects})
    elif done.accuracies is None:
        typer.echo(f"exported to {done.folder}")
    else:
        whole, small = done.accuracies
        typer.echo(
            f"exported to {done.folder}: accuracy {small:.2%} in 8 bits, {whole:.2%} in 32, on"
            f" {done.objects:,} objects"
        )


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
