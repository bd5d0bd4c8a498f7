"""Work through large batches in parts."""

from collections.abc import Callable
from typing import Final

from torch import Tensor

__all__ = ["apply_in_chunks"]

_PART: Final = 32
"""Cutouts worked on at once on a processor: what fits in its cache (`benchmarks/composites.py`)."""


def apply_in_chunks(function: Callable[..., Tensor], *batches: Tensor) -> Tensor:
    """Apply a function that treats every object on its own.

    Parameters
    ----------
    function
        Takes batches, objects along the first axis, and gives as many pictures of each object, one
        object after the other.
    batches
        Its arguments, equally long.

    Returns
    -------
    torch.Tensor
        What the function gives of the whole. On a processor it works through small parts, which
        is several times faster; elsewhere all is done at once.
    """
    count = len(batches[0])
    if batches[0].device.type != "cpu" or count <= _PART:
        return function(*batches)
    first = function(*(batch[:_PART] for batch in batches))
    each = len(first) // _PART
    whole = first.new_empty(count * each, *first.shape[1:])
    whole[: len(first)] = first
    for start in range(_PART, count, _PART):
        # copied while the processor's cache still holds it
        part = function(*(batch[start : start + _PART] for batch in batches))
        whole[start * each : start * each + len(part)] = part
    return whole
