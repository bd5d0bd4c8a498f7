"""Detect a loss that is not finite, and name the objects of its batch."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from skyclass.errors import TrainingError

__all__ = ["NanGuard"]

_NAMED: Final = 32
"""Objects that a message names at most."""


class NanGuard:
    """Collect losses and check many at once: on a GPU each check waits for all pending work.

    Parameters
    ----------
    names
        Object ids by row of the training split; None for an object without one.
    every
        Losses after which all are checked.
    """

    def __init__(self, names: Sequence[object], every: int) -> None:
        self._names = names
        self._every = every
        self._losses: list[tuple[int, Tensor, Tensor]] = []

    def add(self, step: int, loss: Tensor, row: Tensor) -> None:
        """Add the loss of a batch; raise `TrainingError` as `check` does."""
        self._losses.append((step, loss.detach(), row))
        if len(self._losses) >= self._every:
            self.check()

    def check(self) -> None:
        """Check all losses since the last check.

        Raises
        ------
        TrainingError
            If one is not finite; the message names the batch and its objects.
        """
        losses, self._losses = self._losses, []
        if not losses or bool(torch.isfinite(torch.stack([loss for _, loss, _ in losses])).all()):
            return
        step, _, row = next(item for item in losses if not torch.isfinite(item[1]))
        names = [str(self._names[i] or f"row {i}") for i in row.tolist()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise TrainingError(
            f"the loss is not finite at batch {step}; lower training.learning_rate, or inspect the"
            f" cutouts of its objects: {', '.join(names[:_NAMED])}{more}"
        )
