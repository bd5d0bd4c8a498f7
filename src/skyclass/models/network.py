"""What every network has: features of an image, and a head that makes logits of them."""

from abc import abstractmethod

from torch import Tensor, nn

__all__ = ["Network"]


class Network(nn.Module):
    """Images in, logits out, by way of one row of features an image.

    Parameters
    ----------
    width
        Features of an image.
    head
        From features `[n, width]` to logits `[n, class]`.
    """

    def __init__(self, width: int, head: nn.Module) -> None:
        super().__init__()
        self.width = width
        self.head = head

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Give the features that the head sees, `[n, width]`, for `[n, channel, y, x]`."""

    def forward(self, images: Tensor) -> Tensor:
        """Give one logit a class, `[n, class]`, for images `[n, channel, y, x]`."""
        logits: Tensor = self.head(self.embed(images))
        return logits
