"""A loss that is not finite."""

import pytest
import torch

from skyclass.errors import TrainingError
from skyclass.training.nan_guard import NanGuard

NAN = torch.tensor(float("nan"))


def test_the_objects_of_the_batch_are_named() -> None:
    guard = NanGuard(["1237", None, "1239"], every=1)
    guard.add(0, torch.tensor(0.5), torch.tensor([0, 1]))
    with pytest.raises(TrainingError, match=r"not finite at batch 1; .* objects: row 1, 1239$"):
        guard.add(1, NAN, torch.tensor([1, 2]))


def test_losses_are_checked_together() -> None:
    guard = NanGuard(["1"] * 40, every=3)
    guard.add(0, NAN, torch.arange(40))
    guard.add(1, torch.tensor(1.0), torch.tensor([0]))
    with pytest.raises(TrainingError, match=r"batch 0; .* and 8 more"):
        guard.add(2, torch.tensor(1.0), torch.tensor([0]))
    guard.check()
