"""Samplers: which objects are drawn, in which order, decided by a seed and a number alone."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from skyclass.training.process_rank import get_rank
from skyclass.training.steps import TrainingSteps

__all__ = ["SequentialBatchSampler", "TrainingBatchSampler", "count_epoch_objects", "draw_epoch"]

Rows = NDArray[np.int64]


def count_epoch_objects(label: Rows, imbalance: str) -> int:
    """Count the objects that `draw_epoch` draws.

    Parameters
    ----------
    label
        Classes of the training objects, `[n]`.
    imbalance
        `oversample` repeats small classes up to the largest; all others draw `n`.

    Returns
    -------
    int
        Objects of an epoch.
    """
    counts = np.bincount(label)
    if imbalance == "oversample":
        return int(counts.max() * np.count_nonzero(counts))
    return len(label)


def draw_epoch(label: Rows, imbalance: str, seed: int, epoch: int) -> Rows:
    """Draw the objects of an epoch.

    Parameters
    ----------
    label
        Classes of the training objects, `[n]`.
    imbalance
        With `balanced` every class is drawn equally often, from a large one other objects in each
        epoch; with `oversample` all are drawn, those of small classes repeatedly.
    seed, epoch
        Equal ones draw the same objects.

    Returns
    -------
    numpy.ndarray
        Rows, `[count_epoch_objects]`.
    """
    stream = np.random.default_rng([seed, epoch])
    if imbalance not in {"balanced", "oversample"}:
        return stream.permutation(len(label))
    classes, counts = np.unique(label, return_counts=True)
    each = counts.max() if imbalance == "oversample" else -(-len(label) // len(classes))
    parts = [_draw_evenly(np.flatnonzero(label == one), each, stream) for one in classes]
    return stream.permutation(np.concatenate(parts))[: count_epoch_objects(label, imbalance)]


def _draw_evenly(members: Rows, count: int, stream: np.random.Generator) -> Rows:
    """Draw from a class without repeating an object before all the others were drawn."""
    passes = [stream.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(passes)[:count]


class TrainingBatchSampler(Sampler[Rows]):
    """Batches of a round: this process's share of each.

    Parameters
    ----------
    label
        Classes of the training objects, `[n]`.
    steps
        Steps of the training.
    batch_size
        Objects a batch, all processes together.
    imbalance, seed
        As for `draw_epoch`.
    """

    def __init__(
        self, label: Rows, steps: TrainingSteps, batch_size: int, imbalance: str, seed: int
    ) -> None:
        self._steps = steps
        self._batch_size = batch_size
        self._round = 0
        # a round may begin in one epoch and end in the next: both are used in turns
        self._draw = lru_cache(2)(lambda epoch: draw_epoch(label, imbalance, seed, epoch))

    def __len__(self) -> int:
        """Count the batches of a round."""
        return self._steps.round_batches

    def set_epoch(self, epoch: int) -> None:
        """Choose the round; called by the trainer, whose epoch it is."""
        self._round = epoch

    def __iter__(self) -> Iterator[Rows]:
        """Iterate over the rows of each batch."""
        rank, processes = get_rank()
        first = self._round * len(self)
        for number in range(first, first + len(self)):
            epoch, place = divmod(number, self._steps.epoch_batches)
            start = place * self._batch_size
            batch = self._draw(epoch)[start : start + self._batch_size]
            yield batch[rank::processes]


class SequentialBatchSampler(Sampler[Rows]):
    """Batches of all objects of a split in the stored order.

    Parameters
    ----------
    count
        Objects.
    batch_size
        Objects a batch of one process.
    shared
        Whether each process takes only its share.
    """

    def __init__(self, count: int, batch_size: int, *, shared: bool) -> None:
        self._count = count
        self._batch_size = batch_size
        self._shared = shared

    def __len__(self) -> int:
        """Count the batches of this process."""
        return -(-len(self._rows()) // self._batch_size)

    def __iter__(self) -> Iterator[Rows]:
        """Iterate over the rows of each batch."""
        rows = self._rows()
        for start in range(0, len(rows), self._batch_size):
            yield rows[start : start + self._batch_size]

    def _rows(self) -> Rows:
        """Select the rows of this process."""
        rank, processes = get_rank() if self._shared else (0, 1)
        return np.arange(rank, self._count, processes)
