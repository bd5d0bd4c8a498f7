"""Memory use of cutting against the number of fields.

Usage: python benchmarks/memory.py [FIELDS ...]          (default 5 20 60)

Every field is a link to the unpacked frames of one simulated field of 20 objects, so that many of
them cost little. Each number runs in a fresh process with one worker. Own memory (RssAnon) is what
the process allocates; the rest of the resident set are pages of the files that it writes and maps,
which the system reclaims when it needs them.
"""

import bz2
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pandas as pd

from skyclass.catalog.build_catalog import build_catalog
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.runners import use_threads
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import BANDS, Field, find_frame, make_frame_path

PAUSE = 0.005  # seconds between two samples


def resident() -> tuple[int, int]:
    """Measure own and all resident memory of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return tuple(int(status[key].split()[0]) // 1024 for key in ("RssAnon", "VmRSS"))


def unpack(folder: Path, field: Field, band: str) -> Path:
    """Decompress a frame, if that was not done yet."""
    path = folder / f"{band}.fits"
    if not path.exists():
        packed = find_frame(folder / "survey" / "frames", field, band)
        path.write_bytes(bz2.decompress(packed.read_bytes()))
    return path.resolve()


def repeat_field(folder: Path, count: int) -> tuple[pd.DataFrame, Path]:
    """Make the catalogue and the frames of `count` copies of the simulated field."""
    table = build_catalog(folder / "survey" / "catalog.csv", "object-type").table
    first = Field(*(int(table[k].iloc[0]) for k in ("rerun", "run", "camcol", "field")))
    frames, copies = folder / f"frames-{count}", []
    plain = {band: unpack(folder, first, band) for band in BANDS}
    for i in range(count):
        # every second number: none has a neighbour to read rows from
        field = Field(first.rerun, first.run, first.camcol, 100 + 2 * i)
        copies.append(table.assign(field=field.field))
        for band in BANDS:
            link = frames / make_frame_path(field, band).with_suffix("")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(plain[band])
    return pd.concat(copies, ignore_index=True), frames


def cut(folder: Path, count: int) -> None:
    """Cut all fields and print the largest increase in memory."""
    table, frames = repeat_field(folder, count)
    before, peaks, done = resident(), [resident()], threading.Event()

    def watch() -> None:
        while not done.wait(PAUSE):
            peaks.append(resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    make_cutouts(table, frames, folder / f"cutouts-{count}", runner=use_threads(1))
    done.set()
    watcher.join()
    own, whole = (
        max(values) - start for values, start in zip(zip(*peaks, strict=True), before, strict=True)
    )
    print(f"{count:5d} fields, {len(table):5d} objects: {own:4d} MiB own, {whole:4d} MiB in all")


def main(counts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        simulate(Path(name) / "survey", 1, seed=3, objects_per_field=20)
        for count in counts:
            command = [sys.executable, __file__, "--run", name, str(count)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        cut(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main([int(count) for count in sys.argv[1:]] or [5, 20, 60])
