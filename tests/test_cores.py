"""Cores are shared: work that runs beside other work stays on its own."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from skyclass.cores import count_cores, limit_cores, map_on_cores, work_on_one_core
from skyclass.images.runners import choose_runner
from skyclass.progress import no_progress


def test_a_limit_holds_for_its_block_and_its_thread() -> None:
    every = count_cores()
    assert 1 <= every <= (os.cpu_count() or 1)
    with limit_cores(3):
        assert count_cores() == 3
        with ThreadPoolExecutor(1) as other:
            assert other.submit(count_cores).result() == every
    assert count_cores() == every
    assert work_on_one_core(count_cores) == 1


def test_items_run_side_by_side_each_on_one_core() -> None:
    # either waits for the other: one after the other, neither would end
    both = threading.Barrier(2, timeout=30)

    def meet(item: int) -> tuple[int, int]:
        both.wait()
        return item, count_cores()

    with limit_cores(2):
        assert map_on_cores(meet, [7, 8]) == [(7, 1), (8, 1)]


def test_on_one_core_nothing_leaves_the_thread() -> None:
    with limit_cores(1):
        threads = map_on_cores(lambda _: threading.get_ident(), range(3))
    assert set(threads) == {threading.get_ident()}


@pytest.mark.parametrize(("workers", "units", "expected"), [(1, 3, 1), (None, 1, 4), (None, 3, 1)])
def test_units_share_the_cores(workers: int | None, units: int, expected: int) -> None:
    shares = []

    def work(_unit: int, _rows: object) -> None:
        shares.append(count_cores())

    with limit_cores(4):
        choose_runner(workers)(work, [(unit, None) for unit in range(units)], no_progress)
    assert shares == [expected] * units


def test_the_first_error_is_raised() -> None:
    with limit_cores(2), pytest.raises(ZeroDivisionError):
        map_on_cores(lambda number: 1 // number, [1, 0, 2])
