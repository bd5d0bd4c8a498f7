"""Cache of the features of a frozen backbone: computed once, kept on disk part by part."""

import json
from collections.abc import Callable, Sequence
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
from skyclass.plugins import imported_plugins
from skyclass.progress import Progress, Stage, no_progress
from skyclass.workspace import hash_plugins

__all__ = ["CachedFeatures", "cache_features", "hash_feature_inputs"]

_PART: Final = 512
"""Objects in a file: an interruption costs the computation of one part at most."""
_NOT_OF_FEATURES: Final = {
    "frozen",
    "head",
    "head_origin",
    "objects",
    "origin",
    "survey",
    "task",
    "labels",
    "simulated",
    "imbalance",
    "upscaler",
    "temperature",
    "temperature_from",
    "weights",
}
"""Fields of a model's specification that do not change its features; weights count themselves, not
the name of their file."""


class CachedFeatures:
    """Features of a split, read from disk as they are needed.

    Parameters
    ----------
    folder
        Folder that `cache_features` wrote into.
    split
        Name of the split.
    count
        Objects of the split.
    """

    def __init__(self, folder: Path, split: str, count: int) -> None:
        # each `[part, samples, width]`
        self._parts = [
            np.load(path, mmap_mode="r", allow_pickle=False)
            for path in _list_parts(folder, split, count)
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
    joined: Sequence[NDArray[np.float32]] = (),
) -> str:
    """Hash everything that determines the features.

    Parameters
    ----------
    classifier
        Its backbone and image type count.
    fingerprint
        Hash of the cutouts.
    precision
        Precision of the arithmetic.
    joined
        Catalogue columns and measurements of all objects, as the model takes them.

    Returns
    -------
    str
        Name of the folder of these features.
    """
    spec = {k: v for k, v in asdict(classifier.spec).items() if k not in _NOT_OF_FEATURES}
    versions = [__version__, torch.__version__, hash_plugins(imported_plugins())]
    settings = [*versions, fingerprint, precision, spec]
    digest = sha256(json.dumps(settings, default=str).encode())
    if classifier.spec.upscaler is not None:
        digest.update(Path(classifier.spec.upscaler).read_bytes())
    for values in joined:
        digest.update(values.tobytes())
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
    make_context: Callable[[], torch.autocast],
    columns: NDArray[np.float32] | None = None,
    measured: NDArray[np.float32] | None = None,
    progress: Progress = no_progress,
) -> None:
    """Compute the features of a split; parts that exist already are kept.

    Parameters
    ----------
    classifier
        Its backbone, on the device to compute on, is switched to evaluation mode.
    cutouts
        The split.
    folder
        Folder of the parts, for these cutouts and this backbone only.
    split
        First part of the file names.
    make_context
        Creates the context of mixed precision.
    columns
        Catalogue columns, `[n, column]`, if the model takes any.
    measured
        What was measured, `[n, column]`, if the model is told of it.
    progress
        Called with the stage, parts done, parts in all, and the split.
    """
    make_directory(folder)
    classifier.eval()
    offsets, step = cutouts.offsets(), classifier.batch_size
    parts = _list_parts(folder, split, len(cutouts))
    for number, path in enumerate(parts):
        progress(Stage.FEATURES, number, len(parts), split)
        if path.exists():
            continue
        rows = np.arange(number * _PART, min((number + 1) * _PART, len(cutouts)))
        batches = [
            _compute_features(
                classifier,
                cutouts.take(some),
                [None if v is None else v[some] for v in (offsets, columns, measured)],
                make_context,
            )
            for some in np.split(rows, range(step, len(rows), step))
        ]
        with atomic_path(path) as partial:
            np.save(partial, np.concatenate(batches), allow_pickle=False)
    progress(Stage.FEATURES, len(parts), len(parts), split)


def _list_parts(folder: Path, split: str, count: int) -> list[Path]:
    """List the files of a split, existing or not."""
    return [folder / f"{split}-{start:09d}.npy" for start in range(0, count, _PART)]


def _compute_features(
    classifier: Classifier,
    flux: NDArray[np.float32],
    beside: Sequence[NDArray[np.float32] | None],
    make_context: Callable[[], torch.autocast],
) -> NDArray[np.float32]:
    """Compute features from cutouts, offsets, columns, measurements, `[n, samples, width]`."""
    device = next(classifier.parameters()).device
    offset, columns, measured = (
        None if values is None else torch.from_numpy(values).to(device) for values in beside
    )
    with make_context():
        moved = torch.from_numpy(flux).to(device)
        features = classifier.embed(moved, offset, columns=columns, measured=measured)
    array: NDArray[np.float32] = features.float().cpu().numpy()
    return array.reshape(len(flux), -1, array.shape[-1])
