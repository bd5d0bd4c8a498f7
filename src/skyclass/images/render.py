"""From a batch of cutouts to model input: register, crop, draw, resize."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyclass.errors import ImageError, nearest
from skyclass.images.imagetype import finite
from skyclass.images.registration import REGISTRATIONS, shift
from skyclass.images.resize import bilinear, centre_crop, lanczos
from skyclass.images.types import get_image_type
from skyclass.images.upscale import Upscaler

__all__ = ["RESIZES", "Renderer", "render"]

RESIZES: Final = ("lanczos", "bilinear", "learned")
"""Ways to resize: as Pillow does, the cheapest, and with a trained network."""


class Renderer:
    """Makes model input of cutouts, the same in training, evaluation and use.

    Parameters
    ----------
    image_type
        Name of an image type.
    registration
        One of `REGISTRATIONS`; the image type's own by default.
    crop
        Side in pixels of the central square that is kept; all by default.
    size
        Height in pixels of the model input, the width in proportion; as drawn by default.
    resize
        One of `RESIZES`.
    upscaler
        Weights of the network for the resize `learned`.

    Raises
    ------
    ImageError
        Where a name is unknown, or these settings do not go together.
    """

    def __init__(
        self,
        image_type: str,
        registration: str | None = None,
        *,
        crop: int | None = None,
        size: int | None = None,
        resize: str = "lanczos",
        upscaler: Path | None = None,
    ) -> None:
        self.image_type = get_image_type(image_type)
        self.registration = registration or self.image_type.registration
        _check_name("registration", self.registration, REGISTRATIONS)
        _check_name("resize", resize, RESIZES)
        if self.image_type.source is not None:
            raise ImageError(
                f"image type {image_type} is made of downloaded pictures, not of cutouts;"
                " choose another type"
            )
        if upscaler is not None and resize != "learned":
            raise ImageError(f'upscaler goes with resize = "learned", got resize = {resize!r}')
        self._crop = crop
        self._size = size
        self._resize = resize
        self._upscaler = self._learned(upscaler) if resize == "learned" else None

    def __call__(self, flux: Tensor, offset: Tensor | None = None) -> Tensor:
        """Give model input.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, 5, y, x]`; what is not finite counts as sky.
        offset
            Pixels in y and x from the cutout's centre to the object, `[n, 5, 2]`; may be left out
            where nothing is registered.

        Returns
        -------
        torch.Tensor
            `[n * samples, channel, y', x']`.
        """
        return self.draw(self.register(flux, offset))

    def register(self, flux: Tensor, offset: Tensor | None) -> Tensor:
        """Bring the bands onto one grid; takes and gives `[n, 5, y, x]` nanomaggies."""
        flux = finite(flux)
        if self.registration == "none":
            return flux
        if offset is None:
            raise ImageError(
                f"image type {self.image_type.name} registers the bands: give the objects' offsets,"
                ' or registration = "none"'
            )
        with torch.autocast(flux.device.type, enabled=False):
            return shift(flux, offset)

    def draw(self, flux: Tensor) -> Tensor:
        """Make model input of registered cutouts, `[n, 5, y, x]`, in full precision."""
        with torch.autocast(flux.device.type, enabled=False):
            if self._crop is not None:
                flux = centre_crop(flux, self._crop)
            return self._resized(self.image_type(flux))

    def _resized(self, images: Tensor) -> Tensor:
        """Bring model input to the size asked for."""
        if self._upscaler is not None:
            images = self._upscaler(images)
        height, width = images.shape[-2:]
        if self._size is None or self._size == height:
            return images
        target = self._size, round(width * self._size / height)
        if self._resize == "bilinear":
            return bilinear(images, *target)
        return lanczos(images, *target, levels=self.image_type.levels)

    def _learned(self, weights: Path | None) -> Upscaler:
        """Load the network that enlarges."""
        if weights is None:
            raise ImageError('resize = "learned" needs upscaler, a file of weights (.safetensors)')
        if not self.image_type.levels:
            raise ImageError(
                f"a learned upscaler takes pictures in grey levels, which {self.image_type.name} is"
                ' not; use resize = "lanczos"'
            )
        return Upscaler(weights)


def render(
    image_type: str,
    flux: NDArray[np.float32],
    *,
    offset: NDArray[np.float32] | None = None,
    registration: str | None = None,
) -> NDArray[np.uint8]:
    """Show cutouts as the model sees them.

    Parameters
    ----------
    image_type
        Name of an image type.
    flux
        Nanomaggies, `[n, 5, y, x]`.
    offset
        Pixels in y and x from the cutout's centre to the object, `[n, 5, 2]`.
    registration
        `shift` or `none`; the image type's own by default.

    Returns
    -------
    numpy.ndarray
        `[n, y', x', 3]`, 0 to 255; where a type makes several samples of an object, they stand
        side by side.

    Raises
    ------
    ImageError
        Where the image type is unknown, or bands are to be registered without offsets.
    """
    renderer = Renderer(image_type, registration)
    moved = None if offset is None else torch.tensor(offset)
    images = renderer(torch.tensor(flux, dtype=torch.float32), moved)
    shown = renderer.image_type.picture(images).unflatten(0, (len(flux), -1))
    row = (shown.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 3, 1, 4, 2).flatten(2, 3)
    return row.numpy()


def _check_name(key: str, name: str, known: tuple[str, ...]) -> None:
    """Refuse a name that is none of the known ones."""
    if name not in known:
        raise ImageError(
            f"unknown {key} {name!r}; did you mean {nearest(name, known)!r}?"
            f" (there are {', '.join(known)})"
        )
