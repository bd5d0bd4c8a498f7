"""Share the cores of this machine: how many a piece of work may use, and using them."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["count_cores", "limit_cores", "map_on_cores", "work_on_one_core"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_limit: ContextVar[int | None] = ContextVar("cores", default=None)
"""Cores that the work of a thread may use; None for all."""


def count_cores() -> int:
    """Count the cores that the work of this thread may use.

    Returns
    -------
    int
        At least 1: those that this process may run on, unless `limit_cores` says less.
    """
    limit = _limit.get()
    if limit is not None:
        return limit
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limit_cores(count: int) -> Iterator[None]:
    """Limit the cores that the work of this thread may use, within a block.

    Parameters
    ----------
    count
        At least 1.

    Examples
    --------
    >>> with limit_cores(1):
    ...     count_cores()
    1
    """
    token = _limit.set(max(1, count))
    try:
        yield
    finally:
        _limit.reset(token)


def work_on_one_core(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function whose work stays on one core, as one of many that run at once.

    Parameters
    ----------
    function
        Called with `arguments`.
    *arguments
        What it takes.

    Returns
    -------
    object
        What it returns.
    """
    with limit_cores(1):
        return function(*arguments)


def map_on_cores(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Call a function for each of some items, on as many threads as there are cores to use.

    A thread takes the next item when it has done one, so that a core which is busy with something
    else delays the item that it works on, and no other.

    Parameters
    ----------
    function
        Releases the interpreter's lock for most of its time, as NumPy and decoders do; its own
        work stays on one core.
    items
        What it is called with.

    Returns
    -------
    list
        What it returns, in the order of the items.

    Examples
    --------
    >>> map_on_cores(abs, [-2, 1])
    [2, 1]
    """
    waiting = list(items)
    threads = min(count_cores(), len(waiting))
    if threads < 2:
        return [function(item) for item in waiting]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda item: work_on_one_core(function, item), waiting))
