"""Distribute units of work, mostly fields, over threads, processes, or workers of a cluster."""

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from typing import Any, Final

from skyclass.cluster import call_on_cluster, require_dask
from skyclass.cores import count_cores, limit_cores, work_on_one_core
from skyclass.errors import ClusterError
from skyclass.plugins import imported_plugins
from skyclass.processes import start_worker
from skyclass.progress import Progress, Stage

__all__ = ["Groups", "Runner", "choose_runner", "use_cluster", "use_processes", "use_threads"]

Groups = Sequence[tuple[Any, Any]]
"""Units of work: a name, such as a `Field`, and what belongs to it, such as the rows of the
catalogue."""

Work = Callable[[Any, Any], None]
_FRUITLESS: Final = 2
"""Times in a row that all worker processes may end early without a unit done."""

Runner = Callable[[Work, Groups, Progress], None]
"""Calls a function for each unit and what belongs to it, and reports how many are done."""


def choose_runner(workers: int | None = None, scheduler: str | None = None) -> Runner:
    """Choose who works.

    Parameters
    ----------
    workers
        Units worked on at once: here if 1, in as many processes if more; on one thread per core
        if None.
    scheduler
        Address of a Dask cluster that works in their place.

    Returns
    -------
    Runner
        One of those of this module.

    Raises
    ------
    ClusterError
        If there is less than one worker, or both workers and a cluster are asked for.
    """
    if scheduler is not None:
        if workers is not None:
            raise ClusterError("the workers of a cluster are its own: leave out workers")
        return use_cluster(scheduler)
    if workers is not None and workers < 1:
        raise ClusterError(f"workers must be 1 or more, got {workers}")
    return use_threads(workers) if workers in (None, 1) else use_processes(workers)


def use_threads(workers: int | None = None) -> Runner:
    """Run on threads of this machine: decompression, nearly all of the time, releases the GIL.

    Parameters
    ----------
    workers
        Units worked on at once, each on one core; if None, all cores are shared by as many units
        as there are cores, or by fewer if there are fewer.

    Returns
    -------
    Runner
        For `make_cutouts`.
    """

    def run(work: Work, groups: Groups, progress: Progress) -> None:
        cores = workers or count_cores()
        threads = max(1, min(cores, len(groups)))

        def share_cores(*group: Any) -> None:
            with limit_cores(cores // threads):
                work(*group)

        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(share_cores, *group) for group in groups]
            try:
                _await(as_completed(futures), len(futures), progress)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    return run


def use_processes(workers: int) -> Runner:
    """Run in processes of this machine, each of which works on one unit after another.

    Where a process is killed, new ones go on with the units that are not done.

    Parameters
    ----------
    workers
        Number of processes.

    Returns
    -------
    Runner
        Takes a function and arguments that can be pickled. It raises `ClusterError` where
        processes end early again and again, without a unit done.
    """

    def run(work: Work, groups: Groups, progress: Progress) -> None:
        left, fruitless = dict(enumerate(groups)), 0
        while left:
            before = list(left)
            try:
                _run_pool(work, left, workers, len(groups), progress)
            except BrokenProcessPool as error:
                fruitless = fruitless + 1 if len(left) == len(before) else 0
                if fruitless == _FRUITLESS:
                    raise ClusterError(
                        f"worker processes ended early (out of memory?) at {left[before[0]][0]} or"
                        " the units next to it; the same call does what is missing"
                    ) from error
            # those that the dead were working on come last, so that they stop no other
            left = {n: left[n] for n in [*before[workers:], *before[:workers]] if n in left}

    return run


def _run_pool(
    work: Work, left: dict[int, tuple[Any, Any]], workers: int, total: int, progress: Progress
) -> None:
    """Work in new processes on what is left, and remove from it what is done."""
    context = multiprocessing.get_context("spawn")
    count = min(workers, len(left))
    with ProcessPoolExecutor(
        count, context, initializer=start_worker, initargs=(imported_plugins(),)
    ) as pool:
        futures = {
            pool.submit(work_on_one_core, work, *group): number for number, group in left.items()
        }
        try:
            for future in as_completed(futures):
                future.result()
                del left[futures[future]]
                progress(Stage.CUTOUTS, total - len(left), total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


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
        on_one_core = partial(work_on_one_core, work)
        with closing(call_on_cluster(scheduler, on_one_core, groups)) as results:
            _await((future for _, future in results), len(groups), progress)

    return run


def _await(done: Iterable[Future[None] | Any], total: int, progress: Progress) -> None:
    """Wait for results in any order; raise the first failure."""
    for count, future in enumerate(done, 1):
        future.result()
        progress(Stage.CUTOUTS, count, total)
