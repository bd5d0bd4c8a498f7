"""What every network has: features of an image, and a head that makes logits of them."""

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
        From features `[n, width]` to logits `[n, class]`; where it takes more features than an
        image has, the caller joins the others to them.
    """

    def __init__(self, width: int, head: nn.Module) -> None:
        super().__init__()
        self.width = width
        self.head = head

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Give the features of images `[n, channel, y, x]`, `[n, width]`."""

    def forward(self, images: Tensor) -> Tensor:
        """Give one logit a class, `[n, class]`, for images `[n, channel, y, x]`."""
        logits: Tensor = self.head(self.embed(images))
        return logits


def create_head(width: int, hidden: Sequence[int], classes: int) -> nn.Module:
    """Create what makes logits of features.

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
