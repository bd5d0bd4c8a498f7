"""Distribute units of work, mostly fields, over threads of one machine or workers of a cluster."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from typing import Any

import pandas as pd

from skyclass.cluster import call_on_cluster, require_dask
from skyclass.progress import Progress, Stage

__all__ = ["Groups", "Runner", "use_cluster", "use_threads"]

Groups = Sequence[tuple[Any, pd.DataFrame]]
"""Units of work: a name, such as a `Field`, and the rows of the catalogue."""

Work = Callable[[Any, pd.DataFrame], None]
Runner = Callable[[Work, Groups, Progress], None]
"""Calls a function for each unit and its rows, and reports how many are done."""


def use_threads(workers: int | None = None) -> Runner:
    """Run on threads of this machine: decompression, nearly all of the time, releases the GIL.

    Parameters
    ----------
    workers
        Units worked on at once; one per core if None.

    Returns
    -------
    Runner
        For `make_cutouts`.
    """

    def run(work: Work, groups: Groups, progress: Progress) -> None:
        with ThreadPoolExecutor(max_workers=workers or os.cpu_count() or 1) as pool:
            futures = [pool.submit(work, field, rows) for field, rows in groups]
            try:
                _await(as_completed(futures), len(futures), progress)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    return run


def use_cluster(scheduler: str) -> Runner:
    """Run on the workers of a Dask cluster, which must see the same folders as this machine.

    Only keys, positions and paths travel: each worker reads the frames and writes the cutouts of a
    field by itself. Work of a worker that dies is given to another.

    Parameters
    ----------
    scheduler
        Address, such as ``tcp://10.0.0.1:8786``.

    Returns
    -------
    Runner
        For `make_cutouts`.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached when work begins.
    MissingExtraError
        If Dask is not installed.
    """
    require_dask()

    def run(work: Work, groups: Groups, progress: Progress) -> None:
        with closing(call_on_cluster(scheduler, work, groups)) as results:
            _await((future for _, future in results), len(groups), progress)

    return run


def _await(done: Iterable[Future[None] | Any], total: int, progress: Progress) -> None:
    """Wait for results in any order; raise the first failure."""
    for count, future in enumerate(done, 1):
        future.result()
        progress(Stage.CUTOUTS, count, total)
