"""Enlarge images with a trained network, read from a local file of weights."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from skyclass.errors import ImageError
from skyclass.extras import check_installed

__all__ = ["Upscaler"]


class Upscaler:
    """A super-resolution network of any architecture known to spandrel (ESRGAN, SwinIR, ...).

    Parameters
    ----------
    weights
        A ``.safetensors`` file; nothing in it is executed.

    Raises
    ------
    ImageError
        If the file holds no network that enlarges images.
    MissingExtraError
        If spandrel is not installed.
    """

    def __init__(self, weights: Path) -> None:
        check_installed("spandrel", purpose='resize = "learned"')
        from spandrel import ImageModelDescriptor, ModelLoader

        try:
            model = ModelLoader().load_from_state_dict(load_file(weights))
        except Exception as error:  # spandrel raises plain and its own exceptions
            raise ImageError(
                f"{weights} holds no usable upscaler (.safetensors): {str(error).splitlines()[0]}"
            ) from error
        if not isinstance(model, ImageModelDescriptor) or model.scale < 2:
            raise ImageError(f"{weights} holds no network that enlarges images")
        self._network = model.model.eval().requires_grad_(False)
        self._channels = model.input_channels

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Enlarge `[n, channel, y, x]` images, 0 to 1, by the factor of the network."""
        network = self._network.to(images.device)
        n, channels, height, width = images.shape
        if channels % self._channels == 0:
            images = images.reshape(-1, self._channels, height, width)
        else:  # a colour network takes one grey channel three times
            images = images.reshape(-1, 1, height, width).expand(-1, self._channels, -1, -1)
        enlarged: Tensor = network(images).clamp(0, 1)
        if channels % self._channels:
            enlarged = enlarged.mean(1, keepdim=True)
        return enlarged.reshape(n, channels, *enlarged.shape[-2:])
