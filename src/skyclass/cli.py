"""The command line: one thin command a verb."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from skyclass._version import __version__
from skyclass.errors import SkyclassError
from skyclass.files import atomic_path

if TYPE_CHECKING:
    import pandas as pd

    from skyclass.survey import Tally

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tell what kind of object a point on the sky is from its survey images.",
)

TaskOption = Annotated[str, typer.Option(help="spectral-class, object-type or a task file (TOML)")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="a key of the experiment file, such as split.by=field; repeatable"),
]


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error, exit code 2."""
    try:
        app()
    except SkyclassError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False, highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted; the same command goes on from here")
        sys.exit(130)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        stages: dict[str, int] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = int(bars.add_task(stage, total=total))
            bars.update(stages[stage], completed=done, total=total)  # type: ignore[arg-type]
            if done == total:
                bars.stop_task(stages[stage])  # type: ignore[arg-type]

        yield tell


@contextmanager
def _downloading(kind: str) -> "Iterator[Callable[[Tally], None]]":
    """Show a bar with rate, time left and failures."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(kind, total=None, note="")
        start = time.monotonic()

        def tell(tally: "Tally") -> None:
            seconds = max(time.monotonic() - start, 1e-3)
            note = (
                f"{(tally.settled - tally.present) / seconds:.1f} files/s"
                f" {tally.received / seconds / 1e6:.1f} MB/s {tally.failed} failed"
            )
            bars.update(task, completed=tally.settled, total=tally.total, note=note)

        yield tell


def _lacking(missing: "pd.Series[str]", listed: bool) -> list[str]:
    """Say how many objects lack a file, and which."""
    lacking = missing[missing != ""]
    if lacking.empty:
        return [f"all {len(missing)} objects have every file"]
    told = f"{len(lacking)} of {len(missing)} objects lack a file and are left out of all types"
    if not listed:
        return [f"{told}; --status with the catalogue lists them"]
    rows = (missing != "").to_numpy().nonzero()[0]
    return [told, *(f"  row {row + 1}: {missing.iloc[row]}" for row in rows)]


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


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="directory to write")],
    fields: Annotated[int, typer.Option(help="number of fields")],
    task: TaskOption = "spectral-class",
    seed: Annotated[int, typer.Option(help="same seed, same survey")] = 1,
) -> None:
    """Write a simulated survey: frames in the archive's own format, and catalog.csv."""
    from skyclass.simulation import simulate as run

    with _progress() as tell:
        path = run(
            out, fields, task=task, seed=seed, progress=lambda d, n: tell("simulation", d, n)
        )
    typer.echo(f"simulated {fields} field(s); catalogue: {path}")


@app.command()
def catalog(
    out: Annotated[Path, typer.Option(help="Parquet file to write")],
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV, ECSV, Parquet, FITS or VOTable; or an experiment file (TOML)"),
    ] = None,
    task: TaskOption = "spectral-class",
    seed: Annotated[int, typer.Option(help="seed of sample and split")] = 1,
    settings: SettingsOption = None,
    field_counts: Annotated[
        Path | None, typer.Option(help="also write objects by field and class (.csv)")
    ] = None,
) -> None:
    """Clean, label, sample and split a table of objects."""
    from skyclass.catalog import catalog_of, report_lines, write_catalog
    from skyclass.catalog import field_counts as count
    from skyclass.config import objects_config, read_config

    config = (
        read_config(file)
        if file is not None and file.suffix == ".toml"
        else objects_config(file, task, seed, settings or [])
    )
    table = catalog_of(config, out.with_suffix(".query"))
    write_catalog(table, out)
    if field_counts is not None:
        with atomic_path(field_counts) as partial:
            count(table).to_csv(partial, index=False)
    typer.echo("\n".join(report_lines(table.attrs["skyclass"])))


@app.command()
def download(
    out: Annotated[Path, typer.Option(help="directory to write")],
    catalog: Annotated[Path | None, typer.Option(help="catalogue; any table of objects")] = None,
    what: Annotated[
        list[str] | None,
        typer.Option(help="frames, sdss-jpeg, ps1-jpeg or ps1-fits; repeatable [frames]"),
    ] = None,
    release: Annotated[int, typer.Option(help="SDSS data release", min=8, max=19)] = 17,
    base_url: Annotated[str | None, typer.Option(help="https:// or file:// of a mirror")] = None,
    status: Annotated[bool, typer.Option("--status", help="only say what is there")] = False,
    retry_absent: Annotated[bool, typer.Option("--retry-absent", help="ask again")] = False,
    unpack: Annotated[bool, typer.Option("--unpack", help="keep frames decompressed")] = False,
    connections: Annotated[int, typer.Option(help="to one host", min=1, max=64)] = 8,
    rate: Annotated[float, typer.Option(help="requests a second; 0: any", min=0, max=1e5)] = 10.0,
    retries: Annotated[int, typer.Option(help="of each file", min=0, max=20)] = 5,
    width: Annotated[int | None, typer.Option(help="pixels of a cutout")] = None,
    height: Annotated[int | None, typer.Option(help="pixels of a cutout [its width]")] = None,
    scale: Annotated[float, typer.Option(help="arcsec per pixel of sdss-jpeg")] = 0.396,
    opt: Annotated[str, typer.Option(help="drawing options of sdss-jpeg, such as GL")] = "",
    bands: Annotated[str | None, typer.Option(help="of Pan-STARRS, such as gri")] = None,
    image_format: Annotated[str, typer.Option(help="of ps1-jpeg: jpg or png")] = "jpg",
) -> None:
    """Download the survey files of a catalogue's objects; run again, it goes on from there."""
    from skyclass.catalog import read_table
    from skyclass.config import SurveyConfig
    from skyclass.errors import ConfigError, SurveyError
    from skyclass.survey import Picture, missing_files, read_status
    from skyclass.survey import download as run

    kinds = what or ["frames"]
    survey = SurveyConfig(
        base_url=base_url, release=release, connections=connections, rate=rate, retries=retries
    )
    picture = Picture(width, height, scale, opt, bands, image_format)
    options: dict[str, Any] = {"survey": survey, "picture": picture}
    table = None if catalog is None else read_table(catalog)
    failed = 0
    for kind in () if status else kinds:
        if table is None:
            raise ConfigError("--catalog is missing: it names the objects to download files of")
        again: dict[str, Any] = {"retry_absent": retry_absent, "unpack": unpack}
        with _downloading(kind) as tell:
            failed += run(table, out, kind, **options, **again, progress=tell).failed
    typer.echo("\n".join(read_status(out)))
    if table is not None:
        typer.echo("\n".join(_lacking(missing_files(table, out, kinds, **options), status)))
    if failed:
        raise SurveyError(f"{failed} file(s) failed; the same command tries them again")


@app.command()
def cutouts(
    catalog: Annotated[Path, typer.Option(help="catalogue made by `skyclass catalog`")],
    frames: Annotated[Path, typer.Option(help="directory of SDSS frames")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    size: Annotated[float, typer.Option(help="how long a side is, in pixels")] = 64,
    settings: SettingsOption = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler to work on, such as tcp://10.0.0.1:8786")
    ] = None,
) -> None:
    """Cut every object in five bands out of the frames."""
    from skyclass.catalog import read_catalog
    from skyclass.config import cutout_config
    from skyclass.images import make_cutouts, on_cluster, on_threads
    from skyclass.survey import verify_catalog_frames

    rules = cutout_config(size, settings or [])
    table = read_catalog(catalog)
    run = on_cluster(scheduler) if scheduler else on_threads()
    with _progress() as tell:
        checked = out.with_name(f"{out.name}.checked")
        verify_catalog_frames(table, frames, checked, lambda d, n: tell("frames", d, n))
        info = make_cutouts(
            table, frames, out, rules, run=run, progress=lambda d, n: tell("cutouts", d, n)
        )
    lost = info.off_frame + info.missing
    typer.echo(
        f"{len(table) - lost} objects of {info.fields} field(s) in {out};"
        f" {info.off_frame} off their frames"
        + (f", {info.missing} in fields that lack a band" if info.missing else "")
    )


@app.command()
def show(
    cutouts: Annotated[Path, typer.Option(help="folder made by `skyclass cutouts`")],
    out: Annotated[Path, typer.Option(help="sheet to write (.png)")],
    types: Annotated[
        str | None,
        typer.Option(help="image types, with commas between [gri,urz,ugriz; lupton:irg to sweep]"),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(help="rank all combinations: q=2,8,20 or stretch=0.1,0.5 or mapping=all"),
    ] = None,
    axes: Annotated[
        list[str] | None, typer.Argument(help="more of them, after --sweep", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "train",
    per_class: Annotated[int, typer.Option(help="objects of each class", min=1, max=20)] = 3,
    seed: Annotated[int, typer.Option(help="seed of the choice of objects")] = 1,
) -> None:
    """Draw stored cutouts as image types see them, or rank a sweep of image types."""
    from skyclass.images import show as run

    swept = [*(sweep or ()), *(axes or ())]
    names = types or ("lupton:irg" if swept else "gri,urz,ugriz")
    table = run(
        cutouts,
        names.split(","),
        out,
        sweep=swept,
        split=split,
        per_class=per_class,
        seed=seed,
    )
    if table is not None:
        typer.echo(table.to_string(float_format="{:.3f}".format))
    typer.echo(f"sheet: {out}")


@app.command()
def experiment(
    file: Annotated[Path, typer.Argument(help="experiment file (TOML)")],
    out: Annotated[Path, typer.Option(help="directory of the experiment")],
) -> None:
    """Run one experiment end to end; run again, it goes on where it stopped."""
    from skyclass.experiment import run_experiment

    with _progress() as tell:
        result = run_experiment(file, out, progress=tell)
    typer.echo(_closing(result.metrics, result.report))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="directory to write")] = Path("demo"),
    task: TaskOption = "spectral-class",
) -> None:
    """Simulate a survey and run the whole pipeline on it."""
    from skyclass.demo import run_demo

    with _progress() as tell:
        result = run_demo(out, task=task, progress=tell)
    typer.echo(_closing(result.metrics, result.report))


@app.command()
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
    per_minute: Annotated[
        int, typer.Option(help="SQL queries a minute, 0 for any number", min=0)
    ] = 60,
    token: Annotated[str, typer.Option(help="token that CasJobs asks for")] = "local",
) -> None:
    """Serve a survey on this machine as the real archives do, faults included."""
    from skyclass.archive import Archive, parse_faults

    server = Archive(
        directory,
        port,
        host=host,
        faults=parse_faults(fault or [], seed),
        latency=latency,
        replay=replay,
        queries_per_minute=per_minute,
        token=token,
    )
    typer.echo(f"serving {directory} at {server.url} (Ctrl-C ends it)")
    server.serve()


@app.command()
def classify(
    paths: Annotated[list[Path], typer.Argument(help="directories with the frames of fields")],
    model: Annotated[Path, typer.Option(help="folder of a trained model")],
    out: Annotated[Path, typer.Option(help="table: .parquet .csv .ecsv .fits .vot")],
) -> None:
    """Detect and classify every source of the given fields."""
    from skyclass.inference import classify as run

    with _progress() as tell:
        table = run(paths, model, out, progress=lambda d, n: tell("fields", d, n))
    counts = ", ".join(f"{label} {n}" for label, n in table["class"].value_counts().items())
    typer.echo(f"{len(table)} sources in {out}: {counts}")


def _closing(metrics: dict[str, dict[str, float]], report: Path) -> str:
    """Give the closing line of an experiment."""
    shares = [f"{100 * metrics[key]['accuracy']:.1f} %" for key in ("test", "baseline")]
    kind = " (simulated data)" if metrics["simulated"] else ""
    return f"test accuracy {shares[0]}, colour baseline {shares[1]}{kind}; report: {report}"
