"""Commands that make cutouts, show them and hand them on."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.early_checks import check_cutouts, check_exists, check_suffix
from skyclass.cli.json_output import print_json
from skyclass.cli.options import (
    JsonOption,
    PluginOption,
    SchedulerOption,
    SettingsOption,
    SurveyOption,
    import_named,
)
from skyclass.cli.progress_bars import progress_bars
from skyclass.schema import DEFAULT_SURVEY

__all__ = ["cutouts", "export_cutouts", "show"]


def cutouts(
    catalog: Annotated[Path, typer.Option(help="catalogue made by `skyclass catalog`")],
    frames: Annotated[Path, typer.Option(help="directory of frames")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    size: Annotated[float, typer.Option(help="side in pixels")] = 64,
    survey: SurveyOption = DEFAULT_SURVEY,
    settings: SettingsOption = None,
    plugins: PluginOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Cut every object out of the frames, in all bands."""
    from skyclass.config.experiment_file import make_cutout_config

    rules = make_cutout_config(size, settings or [])
    check_exists(catalog, frames)
    import_named(plugins)
    from skyclass.catalog.catalog_file import read_catalog
    from skyclass.images.make_cutouts import make_cutouts
    from skyclass.images.runners import use_cluster, use_threads

    objects = read_catalog(catalog)
    runner = use_cluster(scheduler) if scheduler else use_threads()
    with progress_bars() as progress:
        info = make_cutouts(
            objects,
            frames,
            out,
            rules,
            survey=survey,
            runner=runner,
            verify=True,
            progress=progress,
        )
    lost = info.off_frame + info.missing
    typer.echo(
        f"{len(objects) - lost} objects of {info.fields} field(s) in {out};"
        f" {info.off_frame} off their frames"
        + (f", {info.missing} in fields that lack a band" if info.missing else "")
    )


def show(
    cutouts: Annotated[Path, typer.Option(help="folder made by `skyclass cutouts`")],
    out: Annotated[Path, typer.Option(help="sheet to write (.png)")],
    types: Annotated[
        str | None,
        typer.Option(
            help="image types, separated by commas",
            show_default="gri,urz,ugriz; lupton:irg for a sweep",
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(help="rank all combinations: q=2,8,20 or stretch=0.1,0.5 or mapping=all"),
    ] = None,
    axes: Annotated[
        list[str] | None, typer.Argument(help="further axes, after --sweep", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "train",
    per_class: Annotated[int, typer.Option(help="objects of each class", min=1, max=20)] = 3,
    seed: Annotated[int, typer.Option(help="seed of the choice of objects")] = 1,
    plugins: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw cutouts as image types see them, or rank image types.

    A sweep ranks all combinations of the parameters of an image type by how well they show
    objects and separate classes.
    """
    check_suffix(out, ".png")
    check_cutouts(cutouts)
    import_named(plugins)
    from skyclass.images.show import show as run

    swept = [*(sweep or ()), *(axes or ())]
    names = types or ("lupton:irg" if swept else "gri,urz,ugriz")
    with progress_bars() as progress:
        table = run(
            cutouts,
            names.split(","),
            out,
            sweep=swept,
            split=split,
            per_class=per_class,
            seed=seed,
            progress=progress,
        )
    if as_json:
        print_json({"sheet": out, "ranking": table})
        return
    if table is not None:
        typer.echo(table.to_string(float_format="{:.3f}".format))
    typer.echo(f"sheet: {out}")


def export_cutouts(
    cutouts: Annotated[Path, typer.Option(help="folder made by `skyclass cutouts`")],
    out: Annotated[Path, typer.Option(help="folder to write; a file for hdf5")],
    form: Annotated[str, typer.Option("--format", help="fits, hdf5, zarr or png")],
    image_type: Annotated[str, typer.Option("--type", help="image type that png shows")] = "gri",
    plugins: PluginOption = None,
) -> None:
    """Write cutouts in a format of other programs."""
    from skyclass.images.export import export_cutouts as run

    import_named(plugins)
    typer.echo(f"{run(cutouts, out, form, image_type)} objects in {out}")
