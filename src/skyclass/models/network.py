"""What every network has: features of an image, and a head that turns them into logits."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["JointHead", "Network", "create_head"]

_HIDDEN: Final = (64, 64)
"""Widths of the layers from measured features to logits."""

_UNSEEN: Final = 0.5
"""Share of the training objects whose picture is left out."""


class Network(nn.Module):
    """Images in, logits out, by way of one row of features an image.

    Parameters
    ----------
    width
        Features of an image.
    head
        From features `[n, width + extra]` to logits `[n, class]`.
    extra
        Features from elsewhere, which the caller joins to those of the image.
    """

    def __init__(self, width: int, head: nn.Module, extra: int = 0) -> None:
        super().__init__()
        self.width = width
        self.extra = extra
        self.head = head

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Compute the features of images `[n, channel, y, x]`, `[n, width]`."""

    def forward(self, images: Tensor) -> Tensor:
        """Compute one logit a class, `[n, class]`, for images `[n, channel, y, x]`.

        If the head takes columns besides, these are at their means.
        """
        logits: Tensor = self.head(nn.functional.pad(self.embed(images), (0, self.extra)))
        return logits


class JointHead(nn.Module):
    """Logits of the measurement, to which those of the picture are added.

    In training every second object is classified without its picture, so that the measurement
    learns to do without.

    Parameters
    ----------
    picture
        From the features of the picture and of the catalogue, `[n, width]`, to logits.
    width
        Number of these features.
    measured
        From measured features to logits.

    Attributes
    ----------
    picture_weight
        Factor on the logits of the picture, fitted after the training; 1 until then.
    """

    picture_weight: Tensor

    def __init__(self, picture: nn.Module, width: int, measured: nn.Module) -> None:
        super().__init__()
        self.picture = picture
        self.measured = measured
        self._width = width
        self.register_buffer("picture_weight", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """Compute logits `[n, class]` from all features, the measured ones last."""
        picture: Tensor = self.picture(features[:, : self._width])
        measured: Tensor = self.measured(features[:, self._width :])
        if self.training:
            shown = torch.rand(len(picture), 1, device=picture.device) >= _UNSEEN
            return measured + shown * picture
        return measured + self.picture_weight * picture


def create_head(width: int, hidden: Sequence[int], classes: int, measured: int = 0) -> nn.Module:
    """Create the layers from features to logits.

    Parameters
    ----------
    width
        Features of the picture and of the catalogue.
    hidden
        Widths of the layers between, each followed by a ReLU; none makes the head linear.
    classes
        Number of classes.
    measured
        Measured features, which follow the others and have layers of their own.

    Returns
    -------
    torch.nn.Module
        From `[n, width + measured]` to `[n, classes]`.
    """
    if not measured:
        return _chain_layers(width, hidden, classes)
    alone = _chain_layers(measured, _HIDDEN, classes)
    return JointHead(_chain_layers(width, hidden, classes), width, alone) if width else alone


def _chain_layers(width: int, hidden: Sequence[int], classes: int) -> nn.Module:
    """Chain linear layers, a ReLU after each but the last."""
    layers: list[nn.Module] = []
    for after in hidden:
        layers += [nn.Linear(width, after), nn.ReLU()]
        width = after
    last = nn.Linear(width, classes)
    return nn.Sequential(*layers, last) if layers else last
