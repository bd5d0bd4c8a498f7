"""Batches of PyTorch on a CPU: each on one thread, as many at once as PyTorch may use."""

import threading

import torch

from skyclass.cores import limit_cores
from skyclass.models.torch_threads import map_on_threads


def test_two_batches_meet_each_on_one_thread() -> None:
    before = torch.get_num_threads()
    # either waits for the other: one after the other, neither would end
    both = threading.Barrier(2, timeout=30)

    def meet(_item: int) -> int:
        both.wait()
        return torch.get_num_threads()

    torch.set_num_threads(2)
    try:
        with limit_cores(2):
            assert map_on_threads(meet, range(2)) == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_pytorch_uses_no_more_threads_than_it_was_told() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with limit_cores(2):
            threads = map_on_threads(lambda _: threading.get_ident(), range(3))
        assert set(threads) == {threading.get_ident()}
    finally:
        torch.set_num_threads(before)
