"""The sweep over learning rates."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.lr_finder import (
    LearningRateSweep,
    find_learning_rate,
    plot_learning_rate_sweep,
)
from training.stored import spec

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_learning_rate_that_learns(cutouts: Path, tmp_path: Path) -> None:
    before = sorted(cutouts.parent.rglob("*"))
    sweep = find_learning_rate(cutouts, spec(), TrainingConfig(batch_size=20), steps=60)
    assert 1e-5 < sweep.suggestion < 0.5
    assert sweep.losses.min() < 0.8 * sweep.losses[0]
    assert np.all(np.diff(np.log(sweep.rates)) > 0)
    assert sorted(cutouts.parent.rglob("*")) == before
    plot_learning_rate_sweep(sweep, tmp_path / "rates.png")
    with Image.open(tmp_path / "rates.png") as picture:
        assert picture.format == "PNG"


def test_a_loss_that_never_falls() -> None:
    with pytest.raises(TrainingError, match="falls at no learning rate"):
        _ = LearningRateSweep(np.geomspace(1e-7, 1, 50), np.linspace(1, 2, 50)).suggestion
    with pytest.raises(TrainingError, match="falls at no learning rate"):
        _ = LearningRateSweep(np.array([1e-7]), np.array([0.0])).suggestion
