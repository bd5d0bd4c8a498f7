"""Batches of stored cutouts, in an order that a seed and an epoch decide."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from skyclass.images import StoredCutouts

__all__ = ["loader"]

Batch = tuple[Tensor, Tensor, Tensor]


class _CutoutBatches(Dataset[Batch]):
    """Whole batches read at once from the memory-mapped file."""

    def __init__(self, cutouts: StoredCutouts) -> None:
        self._cutouts = cutouts
        self._offset = cutouts.offsets()

    def __len__(self) -> int:
        return len(self._cutouts)

    def __getitems__(self, indices: list[int]) -> Batch:
        rows = np.asarray(indices, dtype=np.int64)
        flux = torch.from_numpy(self._cutouts.take(rows))
        offset = torch.from_numpy(self._offset[rows])
        return flux, offset, torch.from_numpy(self._cutouts.label[rows])


class _SeededOrder(Sampler[int]):
    """A new order every epoch, the same for the same seed, also after an interruption."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return self._count

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; called by the trainer."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        stream = np.random.default_rng([self._seed, self._epoch])
        return iter(stream.permutation(self._count).tolist())


def loader(cutouts: StoredCutouts, batch_size: int, seed: int | None) -> DataLoader[Batch]:
    """Give batches of `(flux, offset, label)`.

    Parameters
    ----------
    cutouts
        One split.
    batch_size
        Objects a batch.
    seed
        Seed of the order and the last, short batch is dropped; None keeps the stored order and
        every object.

    Returns
    -------
    torch.utils.data.DataLoader
        Of float32 `[n, 5, y, x]`, float32 `[n, 5, 2]` and int64 `[n]`.
    """
    order = None if seed is None else _SeededOrder(len(cutouts), seed)
    return DataLoader(
        _CutoutBatches(cutouts),
        batch_size=batch_size,
        sampler=order,
        drop_last=seed is not None,
        collate_fn=_as_it_is,
    )


def _as_it_is(batch: Any) -> Any:
    """Pass a batch on: it is collated already."""
    return batch
