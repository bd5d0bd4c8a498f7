"""Which objects are drawn, in which order."""

import numpy as np
import pytest

from skyclass.config.training_sections import TrainingConfig
from skyclass.training import sampler as order_module
from skyclass.training.sampler import (
    SequentialBatchSampler,
    TrainingBatchSampler,
    count_epoch_objects,
    draw_epoch,
)
from skyclass.training.steps import compute_steps

LABEL = np.repeat([0, 1, 2], [60, 30, 10])


def test_an_epoch_is_every_object_once() -> None:
    epochs = [draw_epoch(LABEL, "none", 1, epoch) for epoch in (0, 1, 0)]
    assert all(np.array_equal(np.sort(epoch), np.arange(100)) for epoch in epochs)
    assert np.array_equal(epochs[0], epochs[2])
    assert not np.array_equal(epochs[0], epochs[1])


def test_balanced_draws_classes_evenly_and_no_object_twice_before_another() -> None:
    drawn = draw_epoch(LABEL, "balanced", 1, 0)
    assert len(drawn) == count_epoch_objects(LABEL, "balanced") == 100
    assert np.ptp(np.bincount(LABEL[drawn])) <= 2
    times = np.bincount(drawn, minlength=100)
    assert all(np.ptp(times[one == LABEL]) <= 1 for one in range(3))


def test_oversampling_draws_all_objects_and_small_classes_repeatedly() -> None:
    drawn = draw_epoch(LABEL, "oversample", 1, 0)
    assert len(drawn) == count_epoch_objects(LABEL, "oversample") == 180
    assert np.bincount(LABEL[drawn]).tolist() == [60, 60, 60]
    assert np.bincount(drawn).tolist() == [1] * 60 + [2] * 30 + [6] * 10


def test_rounds_go_through_the_epochs_without_a_gap() -> None:
    config = TrainingConfig(epochs=3, batch_size=10, validate_every=7)
    sampler = TrainingBatchSampler(LABEL, compute_steps(100, config), 10, "none", seed=5)
    drawn = []
    for number in range(4):
        sampler.set_epoch(number)
        drawn += list(sampler)
    expected = np.concatenate([draw_epoch(LABEL, "none", 5, epoch) for epoch in range(3)])
    assert np.array_equal(np.concatenate(drawn), expected[:280])


@pytest.mark.parametrize("processes", [2, 5])
def test_processes_share_batches_and_splits(
    processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TrainingBatchSampler(
        LABEL, compute_steps(100, TrainingConfig(batch_size=10)), 10, "none", 1
    )
    alone = [set(rows) for rows in whole]
    shares, stored = [], []
    for process in range(processes):
        place = lambda process=process: (process, processes)  # noqa: E731
        monkeypatch.setattr(order_module, "get_rank", place)
        shares.append([set(rows) for rows in whole])
        stored += [row for rows in SequentialBatchSampler(33, 4, shared=True) for row in rows]
    assert [set().union(*parts) for parts in zip(*shares, strict=True)] == alone
    assert sorted(stored) == list(range(33))
    assert len(list(SequentialBatchSampler(33, 4, shared=False))) == 9
