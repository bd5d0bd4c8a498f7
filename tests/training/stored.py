"""A folder of made-up cutouts, and the simplest thing to train on it."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.images.runners import use_threads
from skyclass.images.store import CutoutPart, make_storage_plan, store_cutouts
from skyclass.models.model_spec import ModelSpec
from skyclass.progress import no_progress
from skyclass.surveys.sdss.layout import BANDS
from skyclass.surveys.sdss.survey import SDSS

SIZE = 16
LABELS = ("A", "F", "G")


def write_cutouts(
    out: Path, counts: dict[str, dict[str, int]], *, seed: int = 1, noise: float = 1.0
) -> Path:
    """Store round objects whose brightness in each band tells their class, amid noise."""
    rows = [(label, split) for split, n in counts.items() for label in n for _ in range(n[label])]
    table = pd.DataFrame(rows, columns=["label", "split"])
    numbers = np.arange(len(table))
    ids = {name: pd.array(numbers + 10**18, dtype="UInt64") for name in ("objid", "specobjid")}
    table = table.assign(**ids, id=numbers, ra=numbers / 100.0, dec=numbers / 200.0)
    plan = make_storage_plan(
        table, LABELS, BANDS, SIZE, "float32", {"seed": seed, "noise": noise}, SDSS
    )
    work = partial(_part, seed, noise)
    store_cutouts(
        plan, out, [("all", table)], work, use_threads(1), replace=False, progress=no_progress
    )
    return out


def _part(seed: int, noise: float, _name: str, table: pd.DataFrame) -> CutoutPart:
    stream = np.random.default_rng(seed)
    n = len(table)
    code = table["label"].map(LABELS.index).to_numpy()
    slope = (code - 1)[:, None] * np.linspace(-1.5, 1.5, len(BANDS))
    y, x = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2
    shape = np.exp(-(x**2 + y**2) / 8)
    flux = (3 + slope)[..., None, None] * shape + stream.normal(0, noise, (n, 5, SIZE, SIZE))
    arrays = {
        "flux": flux.astype(np.float32),
        "mask": np.zeros(flux.shape, dtype=bool),
        "offset": stream.uniform(-0.5, 0.5, (n, 5, 2)).astype(np.float32),
        "cd": np.tile(np.eye(2), (n, 1, 1)),
    }
    return CutoutPart(arrays, np.ones(n, dtype=bool), simulated=True)


def spec(network: str = "compact", image_type: str = "ugriz") -> ModelSpec:
    return ModelSpec("t", LABELS, image_type, network, SIZE, BANDS, "nanomaggy", True)


COUNTS = {
    "train": {"A": 60, "F": 30, "G": 15},
    "validation": {"A": 20, "F": 20, "G": 20},
    "test": {"A": 5, "F": 5, "G": 5},
}
