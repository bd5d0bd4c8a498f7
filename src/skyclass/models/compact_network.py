"""A small convolutional network for native 64-pixel cutouts, trained from scratch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skyclass.models.network import Network, create_head

__all__ = ["CompactNetwork"]


class CompactNetwork(Network):
    """Residual network of a quarter of a million weights.

    The input is normalised by its own running mean and variance per channel by default, so that
    any image type fits. Mean and maximum over the last feature map are both kept: the one adds up
    flux, the other finds the object among its neighbours.

    Parameters
    ----------
    channels
        Channels of the image type.
    classes
        Number of classes.
    width
        Channels of the first layer.
    head
        Widths of the hidden layers between features and classes.
    extra
        Features from elsewhere, joined to those of the image before the head.
    measured
        How many of these, the last, are measured ones.
    normalisation
        First layer, from images to the same shape.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 24,
        *,
        head: Sequence[int] = (),
        extra: int = 0,
        measured: int = 0,
        normalisation: nn.Module | None = None,
    ) -> None:
        last = create_head(8 * width + extra - measured, head, classes, measured)
        super().__init__(8 * width, last, extra)
        self.features = nn.Sequential(
            normalisation or nn.BatchNorm2d(channels, affine=False),
            _convolution(channels, width, kernel=5, stride=2),
            _convolution(width, 2 * width, kernel=3, stride=2),
            _Residual(2 * width),
            _convolution(2 * width, 4 * width, kernel=3, stride=2),
            _Residual(4 * width),
        )

    def embed(self, images: Tensor) -> Tensor:
        """Compute mean and maximum of the last feature maps, `[n, width]`."""
        features = self.features(images)
        return torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)


class _Residual(nn.Module):
    """Two convolutions added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            _convolution(width, width, kernel=3, stride=1),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Keep the shape."""
        return nn.functional.gelu(images + self.branch(images))


def _convolution(channels: int, width: int, kernel: int, stride: int) -> nn.Sequential:
    """Chain a convolution, its normalisation and its activation."""
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.GELU(),
    )
