"""What a frozen backbone makes of stored cutouts: computed once and kept on disk, part by part."""

import json
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.files import atomic_path, make_directory
from skyclass.images.stored_cutouts import CutoutSplit
from skyclass.models.classifier import Classifier

__all__ = ["CachedFeatures", "cache_features", "hash_feature_inputs"]

_PART: Final = 512
"""Objects in a file: what is computed again at most after an interruption."""
_NOT_OF_FEATURES: Final = {
    "frozen",
    "head",
    "objects",
    "survey",
    "task",
    "labels",
    "simulated",
    "upscaler",
    "temperature",
    "temperature_from",
}


class CachedFeatures:
    """Features of a split, read from disk as they are needed.

    Parameters
    ----------
    folder
        Where `cache_features` wrote.
    split
        Name of the split.
    count
        Objects of it.
    """

    def __init__(self, folder: Path, split: str, count: int) -> None:
        # each `[part, samples, width]`
        self._parts = [
            np.load(path, mmap_mode="r", allow_pickle=False)
            for path in _parts(folder, split, count)
        ]

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the features of some objects.

        Parameters
        ----------
        rows
            Rows in the split, `[n]`, in any order.

        Returns
        -------
        numpy.ndarray
            `[n * samples, width]`.
        """
        shape = self._parts[0].shape[1:]
        out = np.empty((len(rows), *shape), dtype=np.float32)
        numbers = rows // _PART
        for number in np.unique(numbers):
            here = numbers == number
            out[here] = self._parts[number][rows[here] - number * _PART]
        return out.reshape(-1, shape[-1])


def hash_feature_inputs(
    classifier: Classifier,
    fingerprint: str,
    precision: str,
    columns: NDArray[np.float32] | None = None,
) -> str:
    """Hash everything that decides the features.

    Parameters
    ----------
    classifier
        Its backbone and image type.
    fingerprint
        That of the cutouts.
    precision
        Of the arithmetic.
    columns
        Of the catalogue's training objects, which cutouts do not hold.

    Returns
    -------
    str
        Name of the folder that holds them.
    """
    spec = {k: v for k, v in asdict(classifier.spec).items() if k not in _NOT_OF_FEATURES}
    told = [__version__, torch.__version__, fingerprint, precision, spec]
    digest = sha256(json.dumps(told, default=str).encode())
    if classifier.spec.upscaler is not None:
        digest.update(Path(classifier.spec.upscaler).read_bytes())
    if columns is not None:
        digest.update(columns.tobytes())
    head = set(map(id, classifier.head.state_dict(keep_vars=True).values()))
    for name, value in classifier.network.state_dict(keep_vars=True).items():
        if id(value) not in head:
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@torch.no_grad()
def cache_features(
    classifier: Classifier,
    cutouts: CutoutSplit,
    folder: Path,
    split: str,
    arithmetic: Callable[[], torch.autocast],
    columns: NDArray[np.float32] | None = None,
) -> None:
    """Compute the features of a split; parts that are there already are not computed again.

    Parameters
    ----------
    classifier
        Its backbone, on the device to compute on, is put into evaluation mode.
    cutouts
        The split.
    folder
        Where the parts lie, of nothing but these cutouts and this backbone.
    split
        First part of the files' names.
    arithmetic
        Gives the context of mixed precision.
    columns
        Of the catalogue, `[n, column]`, for a model that has any.
    """
    make_directory(folder)
    classifier.eval()
    offsets, step = cutouts.offsets(), classifier.batch_size
    for number, path in enumerate(_parts(folder, split, len(cutouts))):
        if path.exists():
            continue
        rows = np.arange(number * _PART, min((number + 1) * _PART, len(cutouts)))
        batches = [
            _features(
                classifier,
                (cutouts.take(some), offsets[some], None if columns is None else columns[some]),
                arithmetic,
            )
            for some in np.split(rows, range(step, len(rows), step))
        ]
        with atomic_path(path) as partial:
            np.save(partial, np.concatenate(batches), allow_pickle=False)


def _parts(folder: Path, split: str, count: int) -> list[Path]:
    """Name the files of a split."""
    return [folder / f"{split}-{start:09d}.npy" for start in range(0, count, _PART)]


def _features(
    classifier: Classifier,
    objects: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None],
    arithmetic: Callable[[], torch.autocast],
) -> NDArray[np.float32]:
    """Give the features of objects, told by flux, offset and columns, `[n, samples, width]`."""
    device = next(classifier.parameters()).device
    flux, offset, *rest = (
        torch.from_numpy(values).to(device) for values in objects if values is not None
    )
    with arithmetic():
        features = classifier.embed(flux, offset, columns=rest[0] if rest else None)
    array: NDArray[np.float32] = features.float().cpu().numpy()
    return array.reshape(len(objects[0]), -1, array.shape[-1])
