"""From archive files to stored cutouts: CPU time against the bare decompression of what is needed.

Usage: python benchmarks/cutouts.py [FIELDS]          (default 4 simulated fields of 20 objects)

Also the cutting alone against opening every frame again for every star and band, and two workers
against one. Each measurement runs in a fresh process; CPU time counts that of an external decoder.
"""

import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from skyclass.catalog import build_catalog, read_catalog, write_catalog
from skyclass.images import cut_field, make_cutouts, on_threads, open_field
from skyclass.images.cutout import last_row
from skyclass.simulation import simulate
from skyclass.survey import BANDS, FRAME_SHAPE, Field, decoder_name, find_frame
from skyclass.survey.decode import unpacking

KEYS = ["rerun", "run", "camcol", "field"]
SIZE = 64
ROUNDS = 3


def fields_of(folder: Path) -> list[tuple[Field, np.ndarray, np.ndarray]]:
    table = read_catalog(folder / "catalog.parquet")
    return [
        (Field(*(int(k) for k in key)), rows["ra"].to_numpy(), rows["dec"].to_numpy())
        for key, rows in table.groupby(KEYS)
    ]


def run_stage(folder: Path, workers: int = 1) -> None:
    table = read_catalog(folder / "catalog.parquet")
    with tempfile.TemporaryDirectory(dir=folder) as out:
        make_cutouts(table, folder / "frames", Path(out) / "cutouts", run=on_threads(workers))


def run_decode(folder: Path) -> None:
    for (field, band), count in BYTES_NEEDED.items():
        with unpacking(find_frame(folder / "frames", field, band)) as stream:
            stream.read(count)


def run_reopen(folder: Path) -> None:
    for field, ra, dec in fields_of(folder)[:1]:
        for x, y in zip(ra[:5], dec[:5], strict=True):
            for band in BANDS:
                with fits.open(folder / "plain" / f"{field}-{band}.fits") as units:
                    where = WCS(units[0].header).all_world2pix(x, y, 0)
                    Cutout2D(units[0].data, where, SIZE, mode="partial", fill_value=0)


def needed(folder: Path) -> dict[tuple[Field, str], int]:
    """Bytes from the start of each frame to the last row that an object needs."""
    found = {}
    for field, ra, dec in fields_of(folder):
        for frame in open_field(folder / "frames", field):
            row = min(last_row(frame.pixel(ra, dec)[1], SIZE), FRAME_SHAPE[0])
            found[field, frame.band] = 2880 * 5 + row * FRAME_SHAPE[1] * 4
    return found


def cpu() -> float:
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        spent += used.ru_utime + used.ru_stime
    return spent


def measure(kind: str, folder: Path) -> tuple[float, float]:
    """Run one kind in a fresh process; give wall and CPU seconds."""
    command = [sys.executable, __file__, "--run", kind, str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1])


def cutting_alone(folder: Path) -> None:
    """Cut from frames in memory, and by opening plain frames again for every star and band."""
    field, ra, dec = fields_of(folder)[0]
    (folder / "plain").mkdir()
    warnings.simplefilter("ignore")
    frames = open_field(folder / "frames", field)
    for frame in frames:
        with fits.open(find_frame(folder / "frames", field, frame.band)) as units:
            units[:1].writeto(folder / "plain" / f"{field}-{frame.band}.fits")
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(20):
            cut_field(frames, ra, dec, SIZE)
        ours = 20 * len(ra) / (time.perf_counter() - start)
        start = time.perf_counter()
        run_reopen(folder)
        rates.append((ours, 5 / (time.perf_counter() - start)))
    ours, theirs = np.median(rates, axis=0)
    print(f"cutting alone: {ours:.0f} objects/s, opened again each time {theirs:.1f}/s,")
    print(f"  {np.median([a / b for a, b in rates]):.0f} times")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder, count, seed=3, objects_per_field=20)
        write_catalog(
            build_catalog(folder / "catalog.csv", "object-type"), folder / "catalog.parquet"
        )
        kinds = ("decode", "stage", "two")
        rounds = [{kind: measure(kind, folder) for kind in kinds} for _ in range(ROUNDS)]
        share = np.median([r["stage"][1] / r["decode"][1] for r in rounds])
        gain = np.median([r["stage"][0] / r["two"][0] for r in rounds])
        print(f"decoder: {decoder_name()}; {count} fields, {len(fields_of(folder)[0][1])} objects")
        for kind in kinds:
            wall, spent = np.median([r[kind] for r in rounds], axis=0)
            print(f"  {kind:7} {wall:6.2f} s wall  {spent:6.2f} s CPU")
        print(
            f"whole stage / bare decode: {share:.3f} of the CPU time; two workers {gain:.2f} x one"
        )
        cutting_alone(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        kind, folder = sys.argv[2], Path(sys.argv[3])
        BYTES_NEEDED = needed(folder) if kind == "decode" else {}
        before, start = cpu(), time.perf_counter()
        if kind == "decode":
            run_decode(folder)
        else:
            run_stage(folder, workers=2 if kind == "two" else 1)
        print(time.perf_counter() - start, cpu() - before)
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 4)
