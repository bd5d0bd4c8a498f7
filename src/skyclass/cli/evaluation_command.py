"""The command that checks a saved model against labels of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_directory, check_exists, check_model
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption, PluginOption, import_named
from skyclass.cli.progress_bars import progress_bars
from skyclass.extras import check_installed

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[str, typer.Argument(help="folder of a trained model, or hf://owner/name")],
    data: Annotated[
        Path,
        typer.Argument(
            help="folder of cutouts; table of positions and labels; or arrays (.npz, .npy)"
        ),
    ],
    out: Annotated[Path, typer.Option(help="directory to write")],
    frames: Annotated[Path | None, typer.Option(help="frames of the positions")] = None,
    table: Annotated[
        Path | None, typer.Option(help="table of the arrays' objects, a row for each")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="column of the classes", show_default="by the task")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="column of what belongs together: a star, field")
    ] = None,
    plugins: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a trained model on labelled objects."""
    check_exists(data, *(path for path in (frames, table) if path is not None))
    check_directory(out)
    check_model(model)
    check_installed("torch", purpose="an evaluation")
    from skyclass.pipeline.evaluate_labels import evaluate as run

    import_named(plugins)
    with progress_bars() as progress:
        result = run(
            model,
            data,
            out,
            table=table,
            frames=frames,
            label=label,
            group=group,
            progress=progress,
        )
    print_json(result.metrics) if as_json else typer.echo(str(result))
