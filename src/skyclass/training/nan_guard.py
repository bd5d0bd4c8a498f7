"""Notice a loss that is no number, and name the objects."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from skyclass.errors import TrainingError

__all__ = ["NanGuard"]

_NAMED = 32


class NanGuard:
    """Keeps losses until they are looked at: on a GPU each look waits for all work to end.

    Parameters
    ----------
    names
        Object ids by row of the training split; None where an object has none.
    every
        Losses after which all are looked at.
    """

    def __init__(self, names: Sequence[Any], every: int) -> None:
        self._names = names
        self._every = every
        self._kept: list[tuple[int, Tensor, Tensor]] = []

    def add(self, step: int, loss: Tensor, row: Tensor) -> None:
        """Keep the loss of a batch; raise `TrainingError` as `look` does."""
        self._kept.append((step, loss.detach(), row))
        if len(self._kept) >= self._every:
            self.look()

    def look(self) -> None:
        """Look at all losses since the last look.

        Raises
        ------
        TrainingError
            Where one is not finite: it names the step and the objects of the batch.
        """
        kept, self._kept = self._kept, []
        if not kept or bool(torch.isfinite(torch.stack([loss for _, loss, _ in kept])).all()):
            return
        step, _, row = next(item for item in kept if not torch.isfinite(item[1]))
        names = [str(self._names[i] or f"row {i}") for i in row.tolist()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise TrainingError(
            f"the loss is not finite at batch {step}; lower training.learning_rate, or look at the"
            f" cutouts of its objects: {', '.join(names[:_NAMED])}{more}"
        )
