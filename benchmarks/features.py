"""Train the head of a frozen backbone for 10 epochs: cached features against recomputing them.

Usage: python benchmarks/features.py [NETWORK] [OBJECTS] [PIXELS]   (default resnet50 300 224)

The whole training is timed, from opening the cutouts to the saved model, in turns: once without
the cache, once with an empty one, once more with a full one. Weights are fresh: their values
take no time. The two models are compared as well.
"""

import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.images.runners import use_threads
from skyclass.images.store import CutoutPart, make_storage_plan, store_cutouts
from skyclass.models.model_spec import ModelSpec
from skyclass.progress import no_progress
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.survey import SDSS
from skyclass.training.train_classifier import train_classifier

LABELS = ("A", "F", "G")
EPOCHS = 10


def write_cutouts(out: Path, count: int, size: int) -> None:
    """Store noise, an object a row, 4 in 5 of them for training."""
    numbers = np.arange(count)
    ids = {name: pd.array(numbers + 1, dtype="UInt64") for name in ("objid", "specobjid")}
    splits = np.where(numbers % 5 == 0, "validation", "train")
    table = pd.DataFrame({"ra": numbers / 1e3, "dec": numbers / 1e3, "split": splits, **ids})
    table["label"] = np.array(LABELS)[numbers // 5 % 3]
    plan = make_storage_plan(table, LABELS, BANDS, size, "float32", {}, SDSS)
    store_cutouts(
        plan,
        out,
        [("all", table)],
        partial(make_part, size),
        use_threads(1),
        replace=False,
        progress=no_progress,
    )


def make_part(size: int, _name: str, rows: pd.DataFrame) -> CutoutPart:
    stream, n = np.random.default_rng(1), len(rows)
    arrays = {
        "flux": stream.normal(1, 1, (n, 5, size, size)).astype(np.float32),
        "mask": np.zeros((n, 5, size, size), dtype=bool),
        "offset": np.zeros((n, 5, 2), dtype=np.float32),
        "cd": np.tile(np.eye(2), (n, 1, 1)),
    }
    return CutoutPart(arrays, np.ones(n, dtype=bool), simulated=True)


def time_training(
    folder: Path, name: str, network: str, image_size: int, **training: object
) -> np.ndarray:
    """Measure wall and CPU seconds."""
    spec = ModelSpec(
        *("t", LABELS, "lupton:irg", network, 64, BANDS, "nanomaggy", True),
        image_size=image_size,
        normalisation="symmetric",
        frozen=True,
    )
    config = TrainingConfig(epochs=EPOCHS, batch_size=32, patience=EPOCHS, **training)
    off = AugmentationConfig(turn=False)
    start = np.array([time.perf_counter(), time.process_time()])
    train_classifier(folder / "cutouts", spec, config, folder / name, augmentation=off)
    return np.array([time.perf_counter(), time.process_time()]) - start


def main(network: str, count: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cutouts(folder / "cutouts", count, 64)
        time_training(folder, "warm", "compact", 64)
        shutil.rmtree(folder / "features")
        anew = time_training(folder, "anew", network, size, cache_features=False)
        stored = time_training(folder, "stored", network, size)
        again = time_training(folder, "again", network, size)
        one, other = (load_file(folder / n / "model.safetensors") for n in ("anew", "stored"))
        apart = max(float((one[key] - other[key]).abs().max()) for key in one)
    print(f"{network} at {size} pixels, {count} objects, {EPOCHS} epochs")
    for what, spent in (("in every epoch", anew), ("once", stored), ("found on disk", again)):
        wall, cpu = anew / spent
        print(
            f"  {what:15} {spent[0]:7.1f} s wall {spent[1]:7.1f} s CPU:"
            f" {wall:.1f} and {cpu:.1f} times less"
        )
    print(f"  weights differ by at most {apart:.1e}")


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["resnet50", "300", "224"][len(sys.argv) - 1 :]
    main(arguments[0], int(arguments[1]), int(arguments[2]))
