"""Batches side by side on the cores of a CPU, each computed by one thread of PyTorch."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch

from skyclass.cores import count_cores, limit_cores, map_on_cores

__all__ = ["map_on_threads"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_on_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Call a function that computes with PyTorch for each of some items.

    Threads that share one batch wait for each other after every layer, in vain where one of them
    has lost its core to another program; a batch that one thread computes waits for none.

    Parameters
    ----------
    function
        Computes one batch.
    items
        What it is called with; on at most as many threads as PyTorch was told to use.

    Returns
    -------
    list
        What it returns, in the order of the items.

    Examples
    --------
    >>> map_on_threads(lambda size: int(torch.ones(size).sum()), [2, 3])
    [2, 3]
    """
    before = torch.get_num_threads()

    def alone(item: _Item) -> _Result:
        # a setting of the thread that calls, and of those that are started later
        torch.set_num_threads(1)
        return function(item)

    try:
        with limit_cores(min(count_cores(), before)):
            return map_on_cores(alone, items)
    finally:
        torch.set_num_threads(before)
