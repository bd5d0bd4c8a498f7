"""Process large batches in chunks."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

__all__ = ["apply_in_chunks"]

_CHUNK: Final = 32
"""Cutouts processed at once on a CPU: what fits in its cache (`benchmarks/composites.py`)."""


def apply_in_chunks(function: Callable[..., Tensor], *batches: Tensor) -> Tensor:
    """Apply a function that treats every object independently.

    Parameters
    ----------
    function
        Takes batches, objects along the first axis, and returns the same number of images of each
        object, one object after the other.
    batches
        Its arguments, of equal length.

    Returns
    -------
    torch.Tensor
        What the function returns for the whole batch. On a CPU it works on small chunks, which is
        several times faster; on other devices, and in an exported graph, all is done at once.
    """
    if torch.compiler.is_exporting() or batches[0].device.type != "cpu":
        return function(*batches)
    count = len(batches[0])
    if count <= _CHUNK:
        return function(*batches)
    first = function(*(batch[:_CHUNK] for batch in batches))
    each = len(first) // _CHUNK
    whole = first.new_empty(count * each, *first.shape[1:])
    whole[: len(first)] = first
    for start in range(_CHUNK, count, _CHUNK):
        # copied while the CPU's cache still holds it
        result = function(*(batch[start : start + _CHUNK] for batch in batches))
        whole[start * each : start * each + len(result)] = result
    return whole
