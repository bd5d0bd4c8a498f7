"""Which round is the best, and when a training stops."""

from pathlib import Path

import pytest

from skyclass.config.training_sections import TrainingConfig
from skyclass.models.training_history import TrainingRound, read_history
from skyclass.training.early_stopping import find_best_round, should_stop
from skyclass.training.train_classifier import train_classifier
from training.stored import spec

pytestmark = pytest.mark.filterwarnings("ignore")


def rounds(*values: float) -> list[TrainingRound]:
    return [
        TrainingRound(
            epoch=number,
            step=number + 1,
            train_loss=0,
            train_accuracy=0,
            validation_loss=value,
            validation_accuracy=-value,
        )
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("values", "threshold", "stops"),
    [
        ((3, 2, 1), 0.0, False),
        ((3, 2, 2), 0.0, False),
        ((3, 2, 2, 2.5), 0.0, True),
        ((3, 2.9, 2.8), 0.5, True),
        ((3, 2.9, 2.4), 0.5, False),
    ],
)
def test_patience_waits_for_what_is_better_by_the_threshold(values, threshold, stops) -> None:
    for monitor in ("loss", "accuracy"):
        config = TrainingConfig(patience=2, threshold=threshold, monitor=monitor)
        assert should_stop(rounds(*values), config) is stops
        assert find_best_round(rounds(*values), monitor) == values.index(min(values))


def test_training_stops_when_nothing_improves(cutouts: Path, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=9, batch_size=20, patience=2, threshold=10.0)
    train_classifier(cutouts, spec(), config, tmp_path / "model")
    assert len(read_history(tmp_path / "model").epochs) == 3
