"""Enlarge pictures with a trained network, read from a local file of weights."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from skyclass.errors import ImageError

__all__ = ["Upscaler"]


class Upscaler:
    """A super-resolution network of any architecture that spandrel knows (ESRGAN, SwinIR, ...).

    Parameters
    ----------
    weights
        A ``.safetensors`` file; nothing in it is executed.

    Raises
    ------
    ImageError
        Where spandrel is not installed, or the file holds no network that enlarges pictures.
    """

    def __init__(self, weights: Path) -> None:
        try:
            from spandrel import ImageModelDescriptor, ModelLoader
        except ImportError as error:
            raise ImageError(
                'resize = "learned" needs spandrel: pip install "skyclass[upscale]"'
            ) from error
        try:
            model = ModelLoader().load_from_state_dict(load_file(weights))
        except Exception as error:  # spandrel raises plain and its own exceptions
            raise ImageError(
                f"{weights} holds no usable upscaler (.safetensors): {str(error).splitlines()[0]}"
            ) from error
        if not isinstance(model, ImageModelDescriptor) or model.scale < 2:
            raise ImageError(f"{weights} holds no network that enlarges pictures")
        self._network = model.model.eval().requires_grad_(False)
        self._channels = model.input_channels

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """Enlarge `[n, channel, y, x]` pictures, 0 to 1, as often as the network does."""
        network = self._network.to(pictures.device)
        n, channels, height, width = pictures.shape
        if channels % self._channels == 0:
            pictures = pictures.reshape(-1, self._channels, height, width)
        else:  # a network for colour draws one grey channel three times
            pictures = pictures.reshape(-1, 1, height, width).expand(-1, self._channels, -1, -1)
        enlarged: Tensor = network(pictures).clamp(0, 1)
        if channels % self._channels:
            enlarged = enlarged.mean(1, keepdim=True)
        return enlarged.reshape(n, channels, *enlarged.shape[-2:])
