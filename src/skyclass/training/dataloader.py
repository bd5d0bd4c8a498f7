"""Batches of stored cutouts, or of the cached features of a frozen backbone."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from skyclass.images.stored_cutouts import CutoutSplit
from skyclass.training.feature_cache import CachedFeatures

__all__ = ["Batch", "CutoutBatch", "FeatureBatch", "make_loader"]


class CutoutBatch(NamedTuple):
    """Cutouts as they are stored."""

    flux: Tensor
    """Nanomaggies, float32 `[n, band, y, x]`."""
    offset: Tensor
    """Pixels in y and x from the centre to the object, float32 `[n, band, 2]`."""
    label: Tensor
    """Classes, int64 `[n]`."""
    row: Tensor
    """Rows in the split, int64 `[n]`."""
    columns: Tensor | None = None
    """Catalogue columns, float32 `[n, column]`, if the model takes any."""
    measured: Tensor | None = None
    """What was measured, float32 `[n, column]`, if the model is told of it."""


class FeatureBatch(NamedTuple):
    """The input of a network's head."""

    features: Tensor
    """Float32 `[n * samples, width]`."""
    label: Tensor
    """Classes, int64 `[n]`."""
    row: Tensor
    """Rows in the split, int64 `[n]`."""


Batch = CutoutBatch | FeatureBatch


class _CutoutBatches(Dataset[Batch]):
    """Whole batches read at once from the memory-mapped file."""

    def __init__(
        self,
        cutouts: CutoutSplit,
        columns: NDArray[np.float32] | None,
        measured: NDArray[np.float32] | None,
    ) -> None:
        self._cutouts = cutouts
        self._columns = columns
        self._measured = measured
        self._offset = cutouts.offsets()

    def __getitem__(self, rows: NDArray[np.int64]) -> Batch:
        return CutoutBatch(
            torch.from_numpy(self._cutouts.take(rows)),
            torch.from_numpy(self._offset[rows]),
            torch.from_numpy(self._cutouts.label[rows]),
            torch.from_numpy(rows),
            None if self._columns is None else torch.from_numpy(self._columns[rows]),
            None if self._measured is None else torch.from_numpy(self._measured[rows]),
        )


class _FeatureBatches(Dataset[Batch]):
    """Whole batches of features."""

    def __init__(self, label: NDArray[np.int64], features: CachedFeatures) -> None:
        self._label = label
        self._features = features

    def __getitem__(self, rows: NDArray[np.int64]) -> Batch:
        return FeatureBatch(
            torch.from_numpy(self._features.take(rows)),
            torch.from_numpy(self._label[rows]),
            torch.from_numpy(rows),
        )


def make_loader(
    cutouts: CutoutSplit,
    sampler: Sampler[NDArray[np.int64]],
    features: CachedFeatures | None = None,
    columns: NDArray[np.float32] | None = None,
    measured: NDArray[np.float32] | None = None,
) -> DataLoader[Batch]:
    """Build the data loader of a split.

    Parameters
    ----------
    cutouts
        One split.
    sampler
        Yields the rows of each batch.
    features
        Read in place of the cutouts, unless None.
    columns
        Catalogue columns, `[n, column]`, if the model takes any.
    measured
        What was measured, `[n, column]`, if the model is told of it.

    Returns
    -------
    torch.utils.data.DataLoader
        Yields `CutoutBatch`, or `FeatureBatch`.
    """
    batches: Dataset[Batch] = (
        _CutoutBatches(cutouts, columns, measured)
        if features is None
        else _FeatureBatches(cutouts.label, features)
    )
    # pinned memory is copied to a GPU while it computes
    return DataLoader(
        batches, batch_size=None, sampler=sampler, pin_memory=torch.cuda.is_available()
    )
