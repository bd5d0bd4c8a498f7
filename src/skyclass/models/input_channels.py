"""Adapt the first layer of a pretrained network to another number of channels."""

from torch import Tensor

__all__ = ["adapt_input_channels"]


def adapt_input_channels(weight: Tensor, channels: int) -> Tensor:
    """Average the R, G and B filters and repeat them, times three over the number of channels.

    A picture whose channels are all alike then gives the response that the pretrained network has
    to that picture in grey, and no channel is distinguished before training does so.
    (timm repeats R, G, B, R, G, ... instead, which gives the fourth and fifth band the filters of
    the first two for no reason but their order.)

    Parameters
    ----------
    weight
        Filters of the first layer, `[out, 3, y, x]`.
    channels
        Channels of the pictures.

    Returns
    -------
    torch.Tensor
        `[out, channels, y, x]`.
    """
    mean = weight.mean(dim=1, keepdim=True) * (weight.shape[1] / channels)
    return mean.repeat(1, channels, 1, 1)
