"""Which of several training processes this one is."""

from torch import distributed

__all__ = ["get_rank"]


def get_rank() -> tuple[int, int]:
    """Return the number of this process, and how many processes train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
