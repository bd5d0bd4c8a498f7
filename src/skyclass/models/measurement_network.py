"""The network that looks at no picture: what the measurement alone tells."""

from typing import Final

from torch import Tensor, nn

from skyclass.models.network import Network

__all__ = ["MEASUREMENT", "MeasurementNetwork"]

MEASUREMENT: Final = "measurement"
"""Its name in experiment files."""


class MeasurementNetwork(Network):
    """A head on measured features and columns of the catalogue, without features of an image.

    Parameters
    ----------
    head
        From features `[n, extra]` to logits.
    extra
        Number of features.
    """

    def __init__(self, head: nn.Module, extra: int) -> None:
        super().__init__(0, head, extra)

    def embed(self, images: Tensor) -> Tensor:
        """Compute no features of images, `[n, 0]`."""
        return images.new_zeros(len(images), 0)
