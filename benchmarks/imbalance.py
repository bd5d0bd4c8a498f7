"""Compare treatments of class imbalance: a small study on skewed simulated stars.

Usage: python benchmarks/imbalance.py [FIELDS] [STEPS] [SEEDS]        (default 8 400 2)

Of the training and validation objects of a simulated survey, classes keep numbers that fall by a
constant factor from M, the most frequent, to O, of which 1 in 25 of M's number is left. The test
split is left as it is, about equally many of each class. The compact network is trained with each
value of `training.imbalance` on the same objects for the same number of steps. Printed, in per
cent: the accuracy of each class on the test objects, their mean (the balanced accuracy, with the
standard error of that mean), and the resulting accuracy if classes are as frequent as in
training.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig, SplitConfig
from skyclass.config.training_sections import TrainingConfig
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.model_spec import ModelSpec
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import BANDS
from skyclass.training.train_classifier import train_classifier

SIZE = 32
BATCH = 32
LEAST = 0.04
METHODS = ("none", "class-weights", "balanced", "logit-adjustment", "oversample")


def select_skewed(table: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Drop objects of training and validation, more of a class the rarer it is to be."""
    kept = table["split"] == "test"
    for split in ("train", "validation"):
        here = table["split"] == split
        most = int((here & (table["label"] == classes[-1])).sum())
        for rank, name in enumerate(classes):
            count = max(2, round(most * LEAST ** (1 - rank / (len(classes) - 1))))
            kept |= pd.Series(
                table.index.isin(table.index[here & (table["label"] == name)][:count])
            )
    return table[kept].reset_index(drop=True)


def measure_recalls(cutouts: Path, out: Path, method: str, steps: int, seed: int) -> np.ndarray:
    """Train, and measure the accuracy of each class on the test objects."""
    training, test = (open_cutouts(cutouts)[split] for split in ("train", "test"))
    counts = np.bincount(training.label)
    objects = counts.max() * len(counts) if method == "oversample" else counts.sum()
    spec = ModelSpec("t", LABELS, "ugriz", "compact", SIZE, BANDS, "nanomaggy", True, "shift")
    config = TrainingConfig(
        epochs=-(-steps // (objects // BATCH)),
        validate_every=steps // 8,
        batch_size=BATCH,
        patience=8,
        imbalance=method,
    )
    classifier = train_classifier(cutouts, spec, config, out, seed=seed)
    predicted = classifier.probabilities(test.take(np.arange(len(test))), test.offsets()).argmax(1)
    return np.array([np.mean(predicted[test.label == one] == one) for one in range(len(LABELS))])


def main(fields: int, steps: int, seeds: int) -> None:
    global LABELS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder, fields, seed=11, objects_per_field=500, sky="plain")
        split = SplitConfig(test=0.3, validation=0.2)
        catalog = build_catalog(folder / "catalog.csv", "spectral-class", split=split)
        table = select_skewed(catalog.table, list(catalog.report.classes))
        rules = CutoutConfig(size=SIZE)
        LABELS = make_cutouts(table, folder / "frames", folder / "cutouts", rules).labels
        parts = [open_cutouts(folder / "cutouts")[part].label for part in ("train", "test")]
        shares = np.bincount(parts[0]) / len(parts[0])
        print(f"training objects: {dict(zip(LABELS, np.bincount(parts[0]).tolist(), strict=True))}")
        print(f"test objects: {dict(zip(LABELS, np.bincount(parts[1]).tolist(), strict=True))}")
        print(f"{'':17}" + "".join(f"{label:>7}" for label in LABELS) + "   mean        as trained")
        for method in METHODS:
            each = [
                measure_recalls(
                    folder / "cutouts", folder / f"{method}-{seed}", method, steps, seed
                )
                for seed in range(1, seeds + 1)
            ]
            mean = np.mean(each, axis=0)
            error = np.sqrt(np.sum(mean * (1 - mean) / np.bincount(parts[1]))) / len(mean)
            columns = "".join(f"{100 * value:7.1f}" for value in mean)
            print(f"{method:17}{columns}  {100 * mean.mean():5.1f} +- {100 * error:.1f}", end="")
            print(f"  {100 * np.sum(shares * mean):5.1f}", flush=True)


if __name__ == "__main__":
    arguments = [int(n) for n in sys.argv[1:]]
    main(*(arguments + [8, 400, 2][len(arguments) :]))
