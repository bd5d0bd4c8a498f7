"""From archive files to stored cutouts: CPU time against the bare decompression of what is needed.

Usage: python benchmarks/cutouts.py [FIELDS] [--cutana PYTHON]

Simulates that many fields (4 by default) of 20 objects. The stage and the bare decompression
take turns field by field in one process; CPU time includes that of an external decoder; once with
objects that are cut only, once with objects that are measured, for which frames are decoded to
their end. Two workers against one, beside two bare decoders against one: no stage can gain more
than the machine allows.

Also the cutting alone against opening every frame again for every star and band and, with
`--cutana`, against Cutana on the same objects: PYTHON is an interpreter with cutana, such as that
of `python -m venv cutana && cutana/bin/pip install cutana==0.4`.
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from skyclass.catalog.build_catalog import build_catalog
from skyclass.catalog.catalog_file import read_catalog, write_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.images.cut_field import cut_field
from skyclass.images.cutout import cut_frames, last_row
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.runners import use_threads
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import BANDS, FRAME_SHAPE, Field, find_frame
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS
from skyclass.transfer.decompress import get_decoder_name, open_decompressed

KEYS = ["rerun", "run", "camcol", "field"]
SIZE = 64
ROUNDS = 5
REPEAT = 20
HEADER = 5 * 2880
CUT = CutoutConfig(size=SIZE, measure="off")

Objects = list[tuple[Field, np.ndarray, np.ndarray]]


def fields_of(folder: Path) -> Objects:
    table = read_catalog(folder / "catalog.parquet").table
    return [
        (Field(*(int(k) for k in key)), rows["ra"].to_numpy(), rows["dec"].to_numpy())
        for key, rows in table.groupby(KEYS)
    ]


def cpu() -> float:
    """Measure the CPU seconds of this process and of all decoders that have ended."""
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        spent += used.ru_utime + used.ru_stime
    return spent


def list_needed(folder: Path, rules: CutoutConfig) -> dict[Field, list[tuple[Path, int]]]:
    """List each field's files, and the bytes up to the last row that rules need."""
    files = {}
    for field, ra, dec in fields_of(folder):
        frames = open_field(folder / "frames", field)
        rows = [min(last_row(f.pixel(ra, dec)[1], SIZE), FRAME_SHAPE[0]) for f in frames]
        if rules.measure == "field":
            rows = [FRAME_SHAPE[0]] * len(frames)
        files[field] = [
            (find_frame(folder / "frames", field, frame.band), HEADER + 4 * FRAME_SHAPE[1] * row)
            for frame, row in zip(frames, rows, strict=True)
        ]
    return files


def decode(files: list[tuple[Path, int]]) -> None:
    for path, count in files:
        with open_decompressed(path) as stream:
            stream.read(count)


def stage(folder: Path, run, rules: CutoutConfig) -> None:
    table = read_catalog(folder / "catalog.parquet").table
    with tempfile.TemporaryDirectory(dir=folder) as out:
        make_cutouts(table, folder / "frames", Path(out) / "cutouts", rules, runner=run)


def against_decoding(folder: Path, rules: CutoutConfig) -> None:
    """Compare CPU times, the bare decompression of each field beside the field's own cutting."""
    shares, files = [], list_needed(folder, rules)
    for turn in range(ROUNDS):
        bare = 0.0

        def alternately(work, groups, _progress, turn=turn) -> None:
            nonlocal bare
            for i, (field, rows) in enumerate(groups):
                first = (turn + i) % 2
                if first:
                    work(field, rows)
                start = cpu()
                decode(files[field])
                bare += cpu() - start
                if not first:
                    work(field, rows)

        start = cpu()
        stage(folder, alternately, rules)
        shares.append((cpu() - start - bare) / bare)
    print(
        f'whole stage, measure = "{rules.measure}" / bare decode ({get_decoder_name()}):'
        f" {np.median(shares):.3f} of the CPU time ({min(shares):.3f} to {max(shares):.3f}"
        f" in {ROUNDS} rounds of {len(files)} fields)"
    )


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def two_workers(folder: Path) -> None:
    files = list_needed(folder, CUT)

    def bare(workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(decode, files.values()))

    gains = [
        (
            seconds(stage, folder, use_threads(1), CUT)
            / seconds(stage, folder, use_threads(2), CUT),
            seconds(bare, 1) / seconds(bare, 2),
        )
        for _ in range(ROUNDS)
    ]
    ours, machine = np.median(gains, axis=0)
    print(f"two workers: {ours:.2f} x one; two bare decoders: {machine:.2f} x one")


def unpack(folder: Path, objects: Objects) -> dict[Field, list[Path]]:
    """Write frames as plain FITS files, as the legacy way needs them."""
    plain: dict[Field, list[Path]] = {}
    (folder / "plain").mkdir()
    for field, *_ in objects:
        for band in BANDS:
            packed = find_frame(folder / "frames", field, band)
            plain.setdefault(field, []).append(folder / "plain" / packed.name.removesuffix(".bz2"))
            with fits.open(packed) as units:
                units[:1].writeto(plain[field][-1])
    return plain


def reopen(files: list[Path], ra: np.ndarray, dec: np.ndarray) -> None:
    """Cut in the legacy way: the frame is opened for each star and band."""
    for x, y in zip(ra, dec, strict=True):
        for path in files:
            with fits.open(path) as units:
                where = WCS(units[0].header).all_world2pix(x, y, 0)
                Cutout2D(units[0].data, where, SIZE, mode="partial", fill_value=0)


def cutting(folder: Path, cutana: str | None) -> None:
    """Cut the same objects from frames in memory, from plain files, and in the other ways."""
    objects = fields_of(folder)[:2]
    plain = unpack(folder, objects)
    frames = {field: open_field(folder / "plain", field) for field, *_ in objects}
    number = sum(len(ra) for _, ra, _ in objects)

    def alone() -> None:
        for _ in range(REPEAT):
            for field, ra, dec in objects:
                cut_frames(frames[field], ra, dec, SIZE)

    def whole() -> None:
        for field, ra, dec in objects:
            cut_field(folder / "plain", field, ra, dec, CUT, SDSS)

    def spent(function, *arguments) -> float:
        start = cpu()
        function(*arguments)
        return cpu() - start

    times: dict[str, list[float]] = {}
    with other_side(folder, objects, plain, cutana) as ask:
        for _ in range(ROUNDS):
            field, ra, dec = objects[0]
            costs = {
                "cutting alone": spent(alone) / number / REPEAT,
                "opened once a field": spent(whole) / number,
                "opened for each star and band": spent(reopen, plain[field], ra[:5], dec[:5]) / 5,
                **{name: value / number for name, value in ask().items()},
            }
            for name, cost in costs.items():
                times.setdefault(name, []).append(cost)
    print(f"{number} objects of {SIZE} pixels in 5 bands, plain files, CPU time, {ROUNDS} rounds:")
    for name, costs in times.items():
        ratio = np.median(np.divide(costs, times["cutting alone"]))
        print(f"  {name:32} {1 / np.median(costs):8.0f} objects/s, {ratio:6.1f} x cutting alone")


@contextmanager
def other_side(
    folder: Path, objects: Objects, plain: dict[Field, list[Path]], cutana: str | None
) -> Iterator[Callable[[], dict[str, float]]]:
    """Start Cutana's side; yield a function that cuts all objects once and returns CPU seconds."""
    if cutana is None:
        print("no --cutana: not compared with Cutana")
        yield dict
        return
    rows = [
        {
            "SourceID": f"{field}-{i}",
            "RA": x,
            "Dec": y,
            "diameter_pixel": SIZE,
            "fits_file_paths": str([str(path.resolve()) for path in plain[field]]),
        }
        for field, ra, dec in objects
        for i, (x, y) in enumerate(zip(ra, dec, strict=True))
    ]
    (folder / "sources.json").write_text(json.dumps(rows))
    command = [cutana, str(Path(__file__).with_name("cutana_side.py")), folder / "sources.json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:

        def ask() -> dict[str, float]:
            process.stdin.write("\n")
            process.stdin.flush()
            whole, alone = map(float, process.stdout.readline().split())
            return {"Cutana, cutting alone": alone, "Cutana, opened once a field": whole}

        ask()  # the first time, Cutana still loads parts of itself
        yield ask
        process.stdin.close()


def main(count: int, cutana: str | None) -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder, count, seed=3, objects_per_field=20)
        write_catalog(
            build_catalog(folder / "catalog.csv", "object-type"), folder / "catalog.parquet"
        )
        cutting(folder, cutana)
        for rules in (CUT, CutoutConfig(size=SIZE)):
            against_decoding(folder, rules)
        two_workers(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields", nargs="?", type=int, default=4)
    parser.add_argument("--cutana", help="interpreter of an environment with cutana 0.4")
    given = parser.parse_args()
    main(given.fields, given.cutana)
