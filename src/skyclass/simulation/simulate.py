"""Simulate a survey: fields in parallel processes, resumed where an earlier call ended."""

import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.claim import claim_directory
from skyclass.errors import OutputError, SimulationError
from skyclass.extras import check_installed
from skyclass.files import AnyPath, atomic_path
from skyclass.photometry import to_flux
from skyclass.processes import start_worker
from skyclass.progress import Progress, Stage, no_progress
from skyclass.simulation.camera import Camera, make_camera
from skyclass.simulation.exposure import expose_frame
from skyclass.simulation.painter import Painter, Shapes, make_shapes
from skyclass.simulation.population import Block, draw_block
from skyclass.simulation.simulated_catalog import make_field_catalog, weigh_by_drawing
from skyclass.simulation.simulation_settings import MANIFEST, SimulationSettings
from skyclass.simulation.sky import DEFAULT_SKY, get_sky
from skyclass.simulation.strip import Strip, locate_field, make_strip
from skyclass.simulation.write_frame import write_frame
from skyclass.surveys.sdss.layout import BANDS, FRAME_SHAPE, ROWS_PER_FIELD, make_frame_path

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

__all__ = ["simulate"]

FRAMES: Final = "frames"
CATALOG: Final = "catalog.csv"


def simulate(
    out: AnyPath,
    n_fields: int,
    *,
    task: str = "spectral-class",
    seed: int = 1,
    objects_per_field: int = 250,
    sky: str = DEFAULT_SKY,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Simulate a survey: frames in the SDSS archive's layout and format, and a catalogue.

    Complete fields are kept, so a second call with the same arguments resumes an interrupted one.
    In a script, call it under ``if __name__ == "__main__":``, as workers are new processes.

    Parameters
    ----------
    out
        Directory to write to: ``frames/301/RUN/CAMCOL/frame-B-RRRRRR-C-FFFF.fits.bz2`` in u g r i
        z, ``catalog.csv``, and ``simulation.json``, which describes the files.
    n_fields
        Number of fields; four consecutive ones make a strip of one run and camera column.
    task
        ``spectral-class``: labelled objects are stars O5 to M9. ``object-type``: stars, galaxies,
        quasars.
    seed
        The same seed gives the same bytes, whatever the number of workers.
    objects_per_field
        Labelled objects per field, 1 to 1,000.
    sky
        ``real``: as wide as the sky that SDSS saw, in seeing, calibration, extinction and kinds of
        stars and quasars. ``plain``: single solar dwarfs, quasars to redshift 3 and galaxies under
        one seeing, exactly calibrated (`skyclass.simulation.sky.SKIES`).
    workers
        Number of processes; one per processor where not given.
    progress
        Called with the stage, fields done and fields in all (`skyclass.progress.Progress`).

    Returns
    -------
    pathlib.Path
        The catalogue.

    Raises
    ------
    SimulationError
        Where an argument is invalid, or `out` holds something else or cannot be written to.
    MissingExtraError
        Where GalSim is not installed.
    OutputError
        Where there is no space left.

    Examples
    --------
    >>> import skyclass
    >>> catalog = skyclass.simulate("one-field", 1, objects_per_field=20, workers=1)
    >>> catalog.as_posix()
    'one-field/catalog.csv'
    >>> sorted(path.name for path in catalog.parent.rglob("*.fits.bz2"))[:2]
    ['frame-g-009001-1-0100.fits.bz2', 'frame-i-009001-1-0100.fits.bz2']
    """
    out = Path(out)
    settings = SimulationSettings(n_fields, task, seed, objects_per_field, sky)
    if workers is not None and workers < 1:
        raise SimulationError(f"workers must be at least 1, not {workers}")
    check_installed("galsim", purpose="a simulation")
    _claim(out, settings)
    catalog = out / CATALOG
    if catalog.is_file() and all(_is_complete(out, settings, i) for i in range(n_fields)):
        return catalog
    tables = _simulate_fields(out, settings, workers or os.cpu_count() or 1, progress)
    with atomic_path(catalog) as partial:
        pd.concat(tables).to_csv(partial, index=False)
    return catalog


def _simulate_fields(
    out: Path, settings: SimulationSettings, workers: int, progress: Progress
) -> list[pd.DataFrame]:
    """Simulate all fields; return their catalogues in the order of the fields."""
    tables: dict[int, pd.DataFrame] = {}
    with _open_results(out, settings, workers) as results:
        for serial, table in results:
            tables[serial] = table
            progress(Stage.SIMULATION, len(tables), settings.n_fields)
    return [tables[i] for i in range(settings.n_fields)]


def _claim(out: Path, settings: SimulationSettings) -> None:
    """Claim a directory for this simulation, or check that it holds the same one."""
    try:
        claim_directory(
            out / MANIFEST,
            json.dumps(settings.describe(), indent=2) + "\n",
            kind="simulation",
            compare=partial(_compare_manifest, settings),
            error=SimulationError,
            reserved=(FRAMES, CATALOG),
        )
    except OutputError as error:
        raise SimulationError(f"{error}; choose another directory") from error


def _compare_manifest(settings: SimulationSettings, manifest: Path) -> str:
    """Describe how a directory's simulation differs from this one."""
    known: dict[str, object] = dict(json.loads(manifest.read_text(encoding="utf-8")))
    return ", ".join(
        f"its {name} is {known.get(name, 'unknown')!r}, not {value!r}"
        for name, value in settings.describe().items()
        if known.get(name) != value
    )


def _is_complete(out: Path, settings: SimulationSettings, serial: int) -> bool:
    """Check whether all frames of a field are there."""
    return not _list_missing_bands(out, settings, serial)


def _list_missing_bands(out: Path, settings: SimulationSettings, serial: int) -> list[int]:
    """List the bands of which a field has no frame."""
    number, index = locate_field(serial)
    key = make_strip(settings.seed, number).make_key(index)
    return [
        i for i, b in enumerate(BANDS) if not (out / FRAMES / make_frame_path(key, b)).is_file()
    ]


@contextmanager
def _open_results(
    out: Path, settings: SimulationSettings, workers: int
) -> Iterator[Iterator[tuple[int, pd.DataFrame]]]:
    """Open an iterator of field numbers and catalogues as they finish; stop all work on leaving."""
    serials = range(settings.n_fields)
    if min(workers, settings.n_fields) == 1:
        yield ((i, _simulate_field(out, settings, i)) for i in serials)
        return
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(
        min(workers, settings.n_fields), context, initializer=_start_worker, initargs=(stop,)
    )
    try:
        tasks = {pool.submit(_simulate_field, out, settings, i): i for i in serials}
        yield _iterate_finished(tasks)
    except BrokenProcessPool as error:
        raise SimulationError(
            "a worker process ended early (out of memory, or a script that calls simulate outside"
            ' of `if __name__ == "__main__":`); the same call resumes from here'
        ) from error
    finally:
        # a worker ends after its current frame
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _iterate_finished(
    tasks: dict[Future[pd.DataFrame], int],
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield results in the order in which they finish."""
    for task in as_completed(tasks):
        yield tasks[task], task.result()


_stop: "Event | None" = None


def _start_worker(stop: "Event") -> None:
    """Prepare a worker that ends after its current frame once the event is set."""
    global _stop
    _stop = stop
    start_worker()


def _simulate_field(out: Path, settings: SimulationSettings, serial: int) -> pd.DataFrame:
    """Write the missing frames of a field, and return its catalogue."""
    number, index = locate_field(serial)
    sky = get_sky(settings.sky)
    strip = make_strip(settings.seed, number)
    cameras = make_camera(settings.seed, strip.run, strip.camcol)
    blocks = {
        i: draw_block(settings.seed, settings.task, settings.objects_per_field, strip, i, sky)
        for i in (index - 1, index, index + 1)
    }
    shapes = {i: make_shapes(block.sources) for i, block in blocks.items()}
    for band in _list_missing_bands(out, settings, serial):
        if _stop is not None and _stop.is_set():
            raise SimulationError("stopped")
        light = _draw_light(strip, index, cameras[band], blocks, shapes)
        image = expose_frame(settings.seed, strip, index, cameras[band], light)
        path = out / FRAMES / make_frame_path(strip.make_key(index), BANDS[band])
        write_frame(path, strip, index, cameras[band], image, sky.name)
    return make_field_catalog(
        settings.seed, strip, index, cameras, blocks[index], sky, weigh_by_drawing
    )


def _draw_light(
    strip: Strip,
    index: int,
    camera: Camera,
    blocks: dict[int, Block],
    shapes: dict[int, Shapes],
) -> NDArray[np.float32]:
    """Draw all sources of a frame in nanomaggies, ``[1489, 2048]``, block after block."""
    image = np.zeros(FRAME_SHAPE, dtype=np.float32)
    for own, block in blocks.items():
        painter = Painter(block.psfs[camera.band], camera.pixel_noise)
        columns, rows = strip.make_wcs(own, camera.band).wcs_world2pix(block.ra, block.dec, 0)
        flux = to_flux(block.sources.magnitudes[:, camera.band])
        painter.add_sources(
            image, shapes[own], flux, (rows, columns), (index - own) * ROWS_PER_FIELD
        )
    return image
