"""Commands that train, evaluate and use models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclass.cli.early_checks import (
    check_directory,
    check_exists,
    check_experiment,
    check_inputs,
    check_model,
    check_table,
    check_training,
)
from skyclass.cli.exit_codes import exit_if_failed
from skyclass.cli.json_output import print_json
from skyclass.cli.options import (
    JsonOption,
    PluginOption,
    SchedulerOption,
    TaskOption,
    WorkersOption,
    import_named,
)
from skyclass.cli.progress_bars import progress_bars
from skyclass.extras import check_installed

if TYPE_CHECKING:
    from skyclass.pipeline.experiment import ExperimentResult

__all__ = ["classify", "demo", "experiment", "push"]


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


def classify(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="frames or their directories; a table of positions, stored cutouts or arrays; or"
            " example, the simulated field that comes with skyclass"
        ),
    ],
    out: Annotated[Path, typer.Option(help="table: .parquet .csv .ecsv .fits .vot")],
    model: Annotated[
        str | None,
        typer.Option(
            help="stars or objects, which come with skyclass; folder of a model; hf://owner/name",
            show_default="stars",
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="spectral-class or object-type, in place of a model")
    ] = None,
    frames: Annotated[
        list[Path] | None,
        typer.Option(help="directory with the frames of a table of positions; repeatable"),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(help="table of objects to classify on the frames that are the inputs"),
    ] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    plugins: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Classify the sources of fields, the objects of a table, or cutouts."""
    check_table(out)
    check_inputs(inputs)
    check_exists(*(frames or []), *([] if positions is None else [positions]))
    if model is not None:
        check_model(model)
    from skyclass.inference.classify import classify as run

    import_named(plugins)
    with progress_bars() as progress:
        table = run(
            [str(path) for path in inputs],
            model,
            out,
            task=task,
            frames=frames,
            positions=positions,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
        )
    counts = table["class"].value_counts().to_dict()
    if as_json:
        print_json({"sources": len(table), "classes": counts, "table": out})
    else:
        if "reason" in table:
            counts |= table.loc[table["reason"] != "", "reason"].value_counts().to_dict()
        summary = ", ".join(f"{label} {count}" for label, count in counts.items())
        typer.echo(f"{len(table)} sources in {out}: {summary}")
    exit_if_failed(out)


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
