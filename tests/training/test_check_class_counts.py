"""Splits that nothing can be learnt from, or validated with."""

from dataclasses import replace
from pathlib import Path

import pytest

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.train_classifier import train_classifier
from training.stored import COUNTS, spec, write_cutouts


def test_one_class_is_nothing_to_learn(cutouts: Path, tmp_path: Path) -> None:
    alone = replace(spec(), labels=("A",))
    with pytest.raises(TrainingError, match="all objects are of class A; there is nothing"):
        train_classifier(cutouts, alone, TrainingConfig(), tmp_path / "model")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_class_that_a_split_lacks(tmp_path: Path, split: str) -> None:
    counts = {name: dict(n) for name, n in COUNTS.items()}
    del counts[split]["F"]
    cutouts = write_cutouts(tmp_path / "cutouts", counts)
    with pytest.raises(TrainingError, match=rf"the {split} split has no object of class F: .*drop"):
        train_classifier(cutouts, spec(), TrainingConfig(batch_size=20), tmp_path / "model")
