"""Normalisation of a network's input."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from skyclass.errors import ModelError

__all__ = ["create_normalisation"]

_SYMMETRIC: Final = (0.5,), (0.5,)
"""Mean and deviation that bring 0..1 to -1..1, as MobileNet's of Keras does."""


class _Fixed(nn.Module):
    """Fixed mean and deviation of every channel, saved with the weights."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(-1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).reshape(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Subtract the mean and divide by the deviation."""
        return (images - self.mean) / self.deviation


def create_normalisation(
    kind: str, channels: int, own: tuple[Sequence[float], Sequence[float]] | None
) -> nn.Module:
    """Create the first layer of a network.

    Parameters
    ----------
    kind
        `own`, `symmetric` or `batch`.
    channels
        Channels of the images.
    own
        Mean and deviation of the backbone's pretraining, a number for each of R, G and B; None
        where it has none. For images of another number of channels than three the mean of the
        three stands for every channel, as it does for the filters of the first layer.

    Returns
    -------
    torch.nn.Module
        From `[n, channel, y, x]` to the same shape.

    Raises
    ------
    ModelError
        If the backbone has no normalisation of its own.
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels, affine=False)
    if kind == "symmetric":
        return _Fixed(*_SYMMETRIC)
    if own is None:
        raise ModelError(
            'model.normalisation = "own": the network has no normalisation of its own; use "batch"'
        )
    if channels == len(own[0]):
        return _Fixed(*own)
    mean, deviation = (sum(values) / len(values) for values in own)
    return _Fixed([mean], [deviation])
