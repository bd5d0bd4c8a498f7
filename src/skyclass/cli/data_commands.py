"""Commands that bring data in: catalogues and survey files, real or simulated."""

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclass.cli.download_options import (
    BandsOption,
    BaseUrlOption,
    ConnectionsOption,
    DrawingOption,
    FormatOption,
    HeightOption,
    RateOption,
    ReleaseOption,
    RetriesOption,
    RetryAbsentOption,
    ScaleOption,
    UnpackOption,
    WhatOption,
    WidthOption,
)
from skyclass.cli.early_checks import check_directory, check_exists, check_suffix
from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption, PluginOption, SettingsOption, TaskOption, import_named
from skyclass.cli.progress_bars import progress_bars
from skyclass.extras import check_installed
from skyclass.files import atomic_path
from skyclass.schema import DEFAULT_SURVEY

if TYPE_CHECKING:
    import pandas as pd

    from skyclass.config.sections import ObjectsConfig
    from skyclass.surveys.download import DownloadResult

__all__ = ["archive", "catalog", "download", "simulate"]


def simulate(
    out: Annotated[Path, typer.Option(help="directory to write")],
    fields: Annotated[int, typer.Option(help="number of fields")],
    task: TaskOption = "spectral-class",
    seed: Annotated[int, typer.Option(help="same seed, same survey")] = 1,
    sky: Annotated[
        str, typer.Option(help="real: as wide as the sky that SDSS saw; plain: narrow, exact")
    ] = "real",
) -> None:
    """Simulate a survey: its frames and a catalogue."""
    check_directory(out)
    from skyclass.simulation.simulate import simulate as run

    with progress_bars() as progress:
        path = run(out, fields, task=task, seed=seed, sky=sky, progress=progress)
    typer.echo(f"simulated {fields} field(s), {sky} sky; catalogue: {path}")


def catalog(
    out: Annotated[Path, typer.Option(help="Parquet file to write")],
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV, ECSV, Parquet, FITS or VOTable; or an experiment file (TOML)"),
    ] = None,
    task: TaskOption = "spectral-class",
    seed: Annotated[int, typer.Option(help="seed of sample and split")] = 1,
    survey: Annotated[
        str, typer.Option(help="survey, of a table without experiment file")
    ] = DEFAULT_SURVEY,
    settings: SettingsOption = None,
    plugins: PluginOption = None,
    field_counts: Annotated[
        Path | None, typer.Option(help="also write objects by field and class (.csv)")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Clean, label, sample and split a table of objects."""
    from skyclass.config.experiment_file import make_objects_config, read_config

    check_suffix(out, ".parquet")
    if file is not None:
        check_exists(file)
    config: ObjectsConfig
    if file is not None and file.suffix == ".toml":
        config = experiment = read_config(file)
        survey = experiment.survey.name
    else:
        config = make_objects_config(file, task, seed, settings or [])
    import_named(plugins)
    from skyclass.catalog.build_catalog import make_catalog
    from skyclass.catalog.catalog_file import write_catalog
    from skyclass.catalog.sample import count_by_field

    with progress_bars() as progress:
        result = make_catalog(config, out.with_suffix(".query"), survey=survey, progress=progress)
    write_catalog(result, out)
    if field_counts is not None:
        with atomic_path(field_counts) as partial:
            count_by_field(result.table, survey).to_csv(partial, index=False)
    print_json(result.report) if as_json else typer.echo(str(result.report))


def download(
    out: Annotated[Path, typer.Option(help="directory to write")],
    catalog: Annotated[Path | None, typer.Option(help="catalogue; any table of objects")] = None,
    what: WhatOption = None,
    status: Annotated[bool, typer.Option("--status", help="only list what is there")] = False,
    plugins: PluginOption = None,
    as_json: JsonOption = False,
    base_url: BaseUrlOption = None,
    connections: ConnectionsOption = 8,
    rate: RateOption = 10.0,
    retries: RetriesOption = 5,
    retry_absent: RetryAbsentOption = False,
    release: ReleaseOption = 17,
    unpack: UnpackOption = False,
    width: WidthOption = None,
    height: HeightOption = None,
    scale: ScaleOption = None,
    opt: DrawingOption = "",
    bands: BandsOption = None,
    image_format: FormatOption = "jpg",
) -> None:
    """Download the survey files of a catalogue's objects.

    Files that are there already are checked, not downloaded again.
    """
    from skyclass.config.sections import SurveyConfig
    from skyclass.errors import ConfigError, SurveyError

    import_named(plugins)
    if catalog is None and not status:
        raise ConfigError("--catalog is missing: it names the objects to download files of")
    if catalog is not None:
        check_exists(catalog)
    survey = SurveyConfig(
        base_url=base_url, release=release, connections=connections, rate=rate, retries=retries
    )
    from skyclass.catalog.read_table import read_table
    from skyclass.surveys.download import download as run
    from skyclass.surveys.file_kinds import Picture

    with progress_bars() as progress:
        result = run(
            None if catalog is None else read_table(catalog),
            out,
            what or ["frames"],
            survey=survey,
            picture=Picture(width, height, scale, opt, bands, image_format),
            retry_absent=retry_absent,
            unpack=unpack,
            dry_run=status,
            progress=progress,
        )
    print_json(result) if as_json else typer.echo(_describe(result, status))
    if result.failed:
        raise SurveyError(f"{result.failed} file(s) failed; run the command again to retry them")


def _describe(result: "DownloadResult", listed: bool) -> str:
    """Describe the files that are there, and the objects that lack one."""
    lines = [] if result.missing is None else _describe_missing(result.missing, listed)
    return "\n".join([str(result.status), *lines])


def _describe_missing(missing: "pd.Series[str]", listed: bool) -> list[str]:
    """Count the objects that lack a file, and list them if asked to."""
    rows = (missing != "").to_numpy().nonzero()[0]
    if not len(rows):
        return [f"all {len(missing)} objects have every file"]
    summary = f"{len(rows)} of {len(missing)} objects lack a file and are left out of all types"
    if not listed:
        return [f"{summary}; --status with the catalogue lists them"]
    return [summary, *(f"  row {row + 1}: {missing.iloc[row]}" for row in rows)]


def archive(
    directory: Annotated[Path, typer.Argument(help="simulated survey, or folder of real frames")],
    port: Annotated[int, typer.Option(help="TCP port; 0 takes any free one")] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    fault: Annotated[
        list[str] | None, typer.Option(help="KIND=RATE, such as 404=0.1; repeatable")
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the faults")] = 1,
    latency: Annotated[float, typer.Option(help="seconds before every answer")] = 0.0,
    replay: Annotated[
        Path | None, typer.Option(help="folder of recorded answers, which come first")
    ] = None,
    per_minute: Annotated[int, typer.Option(help="SQL queries a minute; 0: no limit", min=0)] = 60,
    token: Annotated[str, typer.Option(help="token that CasJobs asks for")] = "local",
) -> None:
    """Serve a survey on this machine as the real archives do.

    Faults of the network and of the files can be asked for.
    """
    check_exists(directory)
    if (directory / "catalog.csv").is_file():  # frames alone are served without a database
        check_installed("duckdb", purpose="an archive with a catalogue")
    from skyclass.mock_archive.faults import parse_faults
    from skyclass.mock_archive.server import serve_archive

    served = serve_archive(
        directory,
        port,
        host=host,
        faults=parse_faults(fault or [], seed),
        latency=latency,
        replay=replay,
        queries_per_minute=per_minute,
        token=token,
    )
    with contextlib.suppress(KeyboardInterrupt), served as url:
        typer.echo(f"serving {directory} at {url} (Ctrl-C ends it)")
        threading.Event().wait()
