"""What every network has: features of an image, and a head that turns them into logits."""

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

__all__ = ["Network", "create_head"]


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


def create_head(width: int, hidden: Sequence[int], classes: int) -> nn.Module:
    """Create the layers from features to logits.

    Parameters
    ----------
    width
        Features.
    hidden
        Widths of the layers between, each followed by a ReLU; none makes the head linear.
    classes
        Number of classes.

    Returns
    -------
    torch.nn.Module
        From `[n, width]` to `[n, classes]`.
    """
    layers: list[nn.Module] = []
    for after in hidden:
        layers += [nn.Linear(width, after), nn.ReLU()]
        width = after
    last = nn.Linear(width, classes)
    return nn.Sequential(*layers, last) if layers else last
