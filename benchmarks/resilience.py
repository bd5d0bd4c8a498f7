"""Download 200 fields through every fault while the client is killed three times.

Usage: python benchmarks/resilience.py [FIELDS]       (default 200: 1,000 small frames)

Prints whether every file came whole, whether one that was whole was fetched again, and whether
anything was written elsewhere. Nine kinds of faults come in a tenth of all answers each.
"""

import bz2
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from skyclass.mock_archive.faults import Faults
from skyclass.mock_archive.server import MockArchive
from skyclass.surveys.sdss.layout import BANDS, FRAME_LESS_FIELD, Field, make_frame_path

RATES = dict.fromkeys(
    ("503", "slow", "reset", "length", "truncated", "flipped", "html", "limit", "empty"), 0.1
)
"""The two kinds of 404 are final answers, and so have no place in a download that ends complete."""

CLIENT = """
import asyncio, sys, time
from pathlib import Path
import pandas as pd
from skyclass.config.sections import SurveyConfig
from skyclass.surveys.download import download_kind
from skyclass.transfer.rate_limit import Clock

def hurried(seconds):
    return asyncio.sleep(seconds / 100)

clock = Clock(lambda: 100 * time.monotonic(), hurried)
survey = SurveyConfig(base_url=sys.argv[3], rate=0, retries=20)
counts = download_kind(pd.read_csv(sys.argv[1]), Path(sys.argv[2]), survey=survey, clock=clock)
sys.exit(1 if counts.failed else 0)
"""
"""The ordinary client, except that all waits are a hundred times shorter."""

KILLS = 3


def write_frames(folder: Path, count: int) -> pd.DataFrame:
    """Write small frames whose headers are those of real ones, and a table of one star each."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(count):
        field = Field(301, 1000 + number // 50, 1 + number % 6, 11 + number)
        rows.append({"rerun": 301, "run": field.run, "camcol": field.camcol, "field": field.field})
        for band in BANDS:
            unit = fits.PrimaryHDU(rng.normal(size=(96, 96)).astype(np.float32))
            frame = field.field + FRAME_LESS_FIELD[band]
            unit.header.update(
                {"FILTER": band, "RUN": field.run, "CAMCOL": field.camcol, "FRAME": frame}
            )
            path = folder / "frames" / make_frame_path(field, band)
            path.parent.mkdir(parents=True, exist_ok=True)
            plain = path.with_suffix("")
            unit.writeto(plain)
            path.write_bytes(bz2.compress(plain.read_bytes()))
            plain.unlink()
    return pd.DataFrame(rows)


def whole(out: Path) -> dict[Path, tuple[int, int]]:
    """Files under their final names, by inode and time."""
    found = (path for path in out.rglob("frame-*.bz2") if path.is_file())
    return {p.relative_to(out): (p.stat().st_ino, p.stat().st_mtime_ns) for p in found}


def main(count: int) -> None:
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, out = folder / "table.csv", folder / "inside" / "out"
        write_frames(folder / "source", count).to_csv(table, index=False)
        out.parent.mkdir()
        sources = {
            p.relative_to(folder / "source" / "frames"): p.read_bytes()
            for p in (folder / "source" / "frames").rglob("*.bz2")
        }
        before, again = {}, 0
        start = time.perf_counter()
        faults = Faults(RATES, slow_seconds=0.2, retry_after=1)
        with MockArchive(folder / "source", faults=faults) as archive:
            for kill in range(KILLS + 4):
                command = [sys.executable, "-c", CLIENT, str(table), str(out), archive.url]
                process = subprocess.Popen(command)
                if kill < KILLS:
                    timer = threading.Timer(
                        chance.uniform(4, 9), os.kill, (process.pid, signal.SIGKILL)
                    )
                    timer.start()
                process.wait()
                after = whole(out)
                again += sum(after.get(path) != mark for path, mark in before.items())
                print(f"run {kill + 1}: exit {process.returncode}, {len(after)} files whole")
                before = after
                if process.returncode == 0:
                    break
        same = sum((out / path).read_bytes() == content for path, content in sources.items())
        strange = [p.name for p in out.rglob("*") if p.is_file() and ".partial" in p.name]
        print(f"{same} of {len(sources)} files byte-identical to the source")
        print(f"{again} whole files fetched again; left over: {strange or 'nothing'}")
        print(f"outside the target: {sorted(p.name for p in out.parent.iterdir() if p != out)}")
        print(f"{archive.requests.total()} requests, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
