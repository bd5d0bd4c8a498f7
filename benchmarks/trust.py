"""Whether prediction sets and selected samples keep their word: simulated objects, and real ones.

Usage: python benchmarks/trust.py OUT [STARS OBJECTS]

OUT is the directory of `ood.py`, whose simulated fields no model was trained on. STARS and OBJECTS
are models, the bundled ones by default.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ood import REAL
from real_sky import frames as real_frames
from real_sky import read_stamps

import skyclass
from skyclass.evaluation.intervals import wilson_interval

LEVEL = 0.9
CLASSES = {"STAR": "star", "GALAXY": "galaxy", "QSO": "quasar"}

Labelled = dict[str, tuple[object, object, NDArray[np.object_]]]
"""What to classify, on which frames, and its classes, by name."""


def list_objects(out: Path) -> dict[str, Labelled]:
    """List the labelled objects for each of the two models."""
    stars = pd.read_csv(out / "spectral-class/catalog.csv")
    kinds = pd.read_csv(out / "object-type/catalog.csv")
    ((_, file),) = REAL.items()
    field = pd.read_csv(real_frames().parents[1] / "labelled" / file)
    field = field[field["r"].between(15, 20.5)].reset_index(drop=True)
    exposures = read_stamps("stars_spectroscopic")
    exposures = exposures.take(exposures.table["subclass"].str[0].isin([*"OBAFGKM"]).to_numpy())
    quasars = read_stamps("quasars_spectroscopic")
    return {
        "stars": {
            "simulated field": (stars, out / "spectral-class/frames", stars["subclass"].str[0]),
            "real star exposures": (
                np.where(exposures.arrays.mask, np.nan, exposures.arrays.flux),
                None,
                exposures.table["subclass"].str[0],
            ),
        },
        "objects": {
            "simulated field": (kinds, out / "object-type/frames", kinds["class"].map(CLASSES)),
            "real field 3918-3-213, r 15 to 20.5": (
                field[["ra", "dec"]],
                real_frames(),
                field["class"].map(CLASSES),
            ),
            "real quasars": (quasars.arrays.flux, None, np.full(len(quasars.table), "quasar")),
        },
    }


def find_in(names: pd.Series, label: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which objects have their class among names that are joined by ``|``."""
    pairs = zip(label, names, strict=True)
    return np.array([one in each.split("|") for one, each in pairs], dtype=np.bool_)


def percent(right: NDArray[np.bool_]) -> str:
    """Format a share with its 95 % interval."""
    if not len(right):
        return "none"
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{right.mean():.1%} ({low:.0%} to {high:.0%}) of {len(right)}"


def main(out: Path, *models: str) -> None:
    """Print a table for each model."""
    named = dict(zip(("stars", "objects"), models or ("stars", "objects"), strict=True))
    for kind, groups in list_objects(out).items():
        print(f"\n`{kind}`, each at {LEVEL:.0%}\n")
        print("| | in the set | pure sample: right | complete sample: found |\n|---|---|---|---|")
        for title, (inputs, folder, known) in groups.items():
            label = np.asarray(known, dtype=object)
            tables = {
                name: skyclass.classify(inputs, named[kind], frames=folder, **{name: LEVEL})
                for name in ("purity", "completeness")
            }
            pure, complete = tables["purity"], tables["completeness"]
            chosen = (pure["selected"] != "").to_numpy()
            there = pure["class"].notna().to_numpy()
            covered = find_in(pure["prediction_set"], label)[there]
            right = find_in(pure["selected"], label)[chosen]
            found = find_in(complete["selected"], label)[there]
            print(f"| {title} | {percent(covered)} | {percent(right)} | {percent(found)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
