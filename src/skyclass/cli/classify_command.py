"""The command that classifies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclass.cli.early_checks import (
    check_exists,
    check_inputs,
    check_model,
    check_table,
    check_views,
)
from skyclass.cli.exit_codes import exit_if_failed
from skyclass.cli.input_options import (
    AtOption,
    BaseUrlOption,
    DecOption,
    InputBandsOption,
    PixelScaleOption,
    RadiusOption,
    RaOption,
    UnitOption,
)
from skyclass.cli.json_output import print_json
from skyclass.cli.options import (
    JsonOption,
    PictureOption,
    PluginOption,
    RegionsOption,
    SampOption,
    SchedulerOption,
    WorkersOption,
    import_named,
)
from skyclass.cli.progress_bars import progress_bars
from skyclass.cli.trust_options import (
    CalibrateOption,
    CompletenessOption,
    CoverageOption,
    PriorOption,
    PurityOption,
    read_prior,
)

if TYPE_CHECKING:
    import pandas as pd

    from skyclass.inference.table_metadata import TableMetadata

__all__ = ["classify"]


def classify(
    out: Annotated[Path, typer.Option(help="table: .parquet .csv .ecsv .fits .vot .hats")],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="frames or their directories; a table of positions, stored cutouts or arrays; or"
            " example, the simulated field that comes with skyclass"
        ),
    ] = None,
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
        typer.Option(help="directory with the frames of a table or of --at; repeatable"),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(help="table of objects to classify on the frames that are the inputs"),
    ] = None,
    ra: RaOption = None,
    dec: DecOption = None,
    unit: UnitOption = None,
    bands: InputBandsOption = None,
    pixel_scale: PixelScaleOption = None,
    at: AtOption = None,
    radius: RadiusOption = None,
    base_url: BaseUrlOption = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="onnx, openvino or torch (default: the first that the model has)"),
    ] = None,
    coverage: CoverageOption = None,
    prior: PriorOption = None,
    purity: PurityOption = None,
    completeness: CompletenessOption = None,
    calibrate: CalibrateOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    picture: PictureOption = None,
    regions: RegionsOption = None,
    samp: SampOption = False,
    plugins: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Classify sources of fields, objects of a table, or cutouts."""
    check_table(out)
    check_inputs(inputs or [], at, positions, [] if base_url else frames or [])
    check_exists(*(path for path in (positions, calibrate) if path is not None))
    shares = None if prior is None else read_prior(prior)
    if model is not None:
        check_model(model)
    check_views(picture, regions, samp=samp)
    from skyclass.inference.classify import classify as run

    import_named(plugins)
    if picture is not None and frames is None and positions is None and not (at and inputs):
        from skyclass.views.frame_folders import check_one_field

        check_one_field(inputs or [])
    metadata: list[TableMetadata] = []
    with progress_bars() as progress:
        table = run(
            [str(path) for path in inputs] if inputs else None,
            model,
            out,
            task=task,
            frames=frames,
            positions=positions,
            ra=ra,
            dec=dec,
            unit=unit,
            bands=bands,
            pixel_scale=pixel_scale,
            at=at,
            radius=radius,
            base_url=base_url,
            runtime=runtime,
            coverage=coverage,
            prior=shares,
            purity=purity,
            completeness=completeness,
            calibrate=calibrate,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
            report=metadata.append,
        )
    _show(table, frames or inputs or [], picture, regions)
    if samp:
        from skyclass.views.send_table import send_table

        send_table(table, out, metadata[0])
    counts = table["class"].value_counts().to_dict()
    left_out = metadata[0].left_out
    if as_json:
        print_json({"sources": len(table), "classes": counts, "left_out": left_out, "table": out})
    else:
        if "reason" in table:
            counts |= table.loc[table["reason"] != "", "reason"].value_counts().to_dict()
        summary = ", ".join(f"{label} {count}" for label, count in counts.items())
        omitted = ", ".join(f"{n} {reason}" for reason, n in left_out.items())
        end = f"; left out: {omitted}" if omitted else ""
        typer.echo(f"{len(table)} sources in {out}: {summary}{end}")
    exit_if_failed(out)


def _show(
    table: "pd.DataFrame",
    frames: list[Path],
    picture: Path | None,
    regions: Path | None,
) -> None:
    """Make what is asked for of a table that is written."""
    if regions is not None:
        from skyclass.views.region_file import write_regions

        write_regions(table, regions)
    if picture is not None:
        from skyclass.views.field_picture import draw_field

        draw_field(table, frames, picture)
