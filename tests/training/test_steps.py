"""How a training is divided into rounds of steps."""

import pytest

from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import TrainingError
from skyclass.training.steps import compute_steps


@pytest.mark.parametrize(
    ("training", "rounds", "per_round", "batches"),
    [
        ({}, 4, 10, 10),
        ({"accumulate": 3}, 4, 3, 9),
        ({"validate_every": 7}, 5, 7, 10),
        ({"validate_every": 7, "accumulate": 2}, 2, 7, 10),
        ({"validate_every": 1000}, 1, 40, 10),
    ],
)
def test_steps_are_divided_into_rounds(training, rounds: int, per_round: int, batches: int) -> None:
    steps = compute_steps(100, TrainingConfig(epochs=4, batch_size=10, **training))
    assert (steps.rounds, steps.per_round, steps.epoch_batches) == (rounds, per_round, batches)


def test_objects_that_do_not_fill_a_step_are_refused() -> None:
    with pytest.raises(TrainingError, match="do not fill a batch of 60 times accumulate = 2"):
        compute_steps(100, TrainingConfig(batch_size=60, accumulate=2))
