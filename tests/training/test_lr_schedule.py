"""The learning-rate schedule, against closed forms."""

import math

import pytest

from skyclass.config.training_sections import TrainingConfig
from skyclass.models.classifier import Classifier
from skyclass.training.lr_schedule import make_lr_schedule
from skyclass.training.optimizer import make_optimizer
from training.stored import spec


def rates(config: TrainingConfig, steps: int) -> list[float]:
    optimizer = make_optimizer(Classifier(spec()).network, config)
    schedule = make_lr_schedule(optimizer, config, steps)
    rates_seen = []
    for _ in range(steps):
        rates_seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates_seen


def test_cosine_with_warm_up_is_the_closed_form() -> None:
    config = TrainingConfig(learning_rate=0.1, schedule="cosine", warmup=0.25)
    warm = [0.1 * (step + 1) / 6 for step in range(5)]
    fall = [0.05 * (1 + math.cos(math.pi * step / 15)) for step in range(15)]
    assert rates(config, 20) == pytest.approx(warm + fall)


def test_linear_falls_to_zero() -> None:
    linear = rates(TrainingConfig(learning_rate=0.1, schedule="linear"), 10)
    assert linear == pytest.approx([0.1 - 0.01 * step for step in range(10)])


def test_constant_and_one_cycle() -> None:
    constant = rates(TrainingConfig(learning_rate=0.1, schedule="constant", warmup=0.2), 10)
    assert constant == pytest.approx([0.1 / 3, 0.2 / 3] + [0.1] * 8)
    cycle = rates(TrainingConfig(learning_rate=0.1), 20)
    assert max(cycle) == pytest.approx(0.1)
    assert cycle.index(max(cycle)) == 3
    assert cycle[-1] < 1e-5


@pytest.mark.parametrize("steps", range(1, 13))
def test_one_cycle_of_few_steps(steps: int) -> None:
    cycle = rates(TrainingConfig(learning_rate=0.1), steps)
    assert len(cycle) == steps
    assert all(0 < rate <= 0.1 for rate in cycle)
