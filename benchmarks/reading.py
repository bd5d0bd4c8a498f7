"""Random batches of stored cutouts: read here, and through the `datasets` library's own formatting.

Usage: python benchmarks/reading.py [OBJECTS]          (default 4096, 335 MB)

Both read the same rows of the same file in float32, in turn, on one thread, in CPU time; the file
is in the system's cache.
"""

import sys
import tempfile
import time
from pathlib import Path

import datasets
import numpy as np
from datasets import Array3D, ClassLabel, Dataset, Features

from skyclass.images.arrow_columns import read_arrow
from skyclass.images.stored_cutouts import CutoutSplit

SHAPE = (5, 64, 64)
BATCH = 256
BATCHES = 8
ROUNDS = 5


def main(count: int) -> None:
    datasets.disable_progress_bars()
    rng = np.random.default_rng(1)
    features = Features(
        {"flux": Array3D(shape=SHAPE, dtype="float32"), "label": ClassLabel(names=["a"])}
    )
    with tempfile.TemporaryDirectory() as folder:
        flux = rng.normal(size=(count, *SHAPE)).astype(np.float32)
        path = Path(folder) / "cutouts"
        Dataset.from_dict({"flux": flux, "label": [0] * count}, features).save_to_disk(path)
        whole = datasets.load_from_disk(str(path))
        file = path / "data-00000-of-00001.arrow"
        ours = CutoutSplit(read_arrow(file), "")
        theirs = whole.with_format("numpy", columns=["flux"])
        ways = (ours.take, lambda rows: theirs[rows]["flux"])
        times: list[list[float]] = []
        for _ in range(ROUNDS):
            batches = [rng.integers(0, count, BATCH) for _ in range(BATCHES)]
            assert all(np.array_equal(way(batches[0]), flux[batches[0]]) for way in ways)
            spent = []
            for way in ways:
                start = time.process_time()
                for rows in batches:
                    way(rows)
                spent.append((time.process_time() - start) / BATCH / BATCHES)
            times.append(spent)
    one, other = np.median(times, axis=0)
    ratio = np.median([b / a for a, b in times])
    print(f"{1 / one:.0f} cutouts/s, {ratio:.1f} times datasets' formatting ({1 / other:.0f}/s)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 4096)
