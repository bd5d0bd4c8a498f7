"""The registry of image types: named, pure ways to turn cutouts into model input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyclass.errors import ImageError, nearest
from skyclass.images.stretch import asinh_flux, lupton, percentile_scale
from skyclass.survey import BANDS

__all__ = ["ImageType", "get_image_type", "image_types", "register", "render"]

SOFTENING: Final = 0.1
"""Softening of `ugriz` in nanomaggies: about the noise of one pixel of a frame in r and i."""

_FULL_SCALE: Final = float(np.arcsinh(30 / SOFTENING))
"""What `ugriz` shows as white: 30 nanomaggies in a pixel, the centre of a star of r = 16."""


@dataclass(frozen=True)
class ImageType:
    """A named way to turn cutouts into model input."""

    name: str
    """Name in experiment files and on the command line."""
    channels: int
    """Channels of the model input."""
    description: str
    """One sentence for users."""
    function: Callable[[Tensor], Tensor]
    """From `[n, 5, y, x]` nanomaggies to `[n, channel, y', x']`, float32."""
    picture: Callable[[Tensor], Tensor]
    """From the model input to `[n, 3, y', x']`, 0 to 1, to look at."""

    def __call__(self, flux: Tensor) -> Tensor:
        """Apply the image type to a batch of cutouts."""
        if flux.ndim != 4 or flux.shape[1] != len(BANDS):
            raise ImageError(
                f"image type {self.name} takes [n, {len(BANDS)}, y, x], got {list(flux.shape)}"
            )
        return self.function(flux)


_REGISTRY: dict[str, ImageType] = {}


def register(image_type: ImageType) -> ImageType:
    """Add an image type to the registry.

    Parameters
    ----------
    image_type
        Its name must be new.

    Returns
    -------
    ImageType
        The same.

    Raises
    ------
    ImageError
        Where the name is taken.
    """
    if image_type.name in _REGISTRY:
        raise ImageError(f"image type {image_type.name!r} is registered already")
    _REGISTRY[image_type.name] = image_type
    return image_type


def image_types() -> tuple[str, ...]:
    """List the names of all image types."""
    return tuple(_REGISTRY)


def get_image_type(name: str) -> ImageType:
    """Look an image type up by name.

    Parameters
    ----------
    name
        One of `image_types`.

    Returns
    -------
    ImageType
        The image type.

    Raises
    ------
    ImageError
        Where there is none of that name; the nearest one is named.
    """
    if name not in _REGISTRY:
        raise ImageError(
            f"unknown image type {name!r}; did you mean {nearest(name, _REGISTRY)!r}?"
            f" (there are {', '.join(_REGISTRY)})"
        )
    return _REGISTRY[name]


def render(flux: NDArray[np.float32], image_type: str) -> NDArray[np.uint8]:
    """Show cutouts as the model sees them.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, 5, y, x]`.
    image_type
        Name of an image type.

    Returns
    -------
    numpy.ndarray
        `[n, y', x', 3]`, 0 to 255.
    """
    chosen = get_image_type(image_type)
    shown = chosen.picture(chosen(torch.from_numpy(np.ascontiguousarray(flux))))
    return (shown.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _composite(bands: str) -> Callable[[Tensor], Tensor]:
    """Make the source system's composite of three bands (its sections 4.2.5 and B.5)."""
    index = [BANDS.index(band) for band in bands]

    def function(flux: Tensor) -> Tensor:
        return lupton(percentile_scale(flux[:, index]), stretch=0.02, q=8)

    return function


def _side_by_side(left: str, right: str) -> Callable[[Tensor], Tensor]:
    """Put two composites of the same objects beside each other."""
    functions = (_composite(left), _composite(right))

    def function(flux: Tensor) -> Tensor:
        return torch.cat([f(flux) for f in functions], dim=-1)

    return function


def _same(images: Tensor) -> Tensor:
    """Show a composite as it is."""
    return images


def _gri_of_ugriz(images: Tensor) -> Tensor:
    """Show i, r and g of asinh fluxes as red, green and blue, black at the sky."""
    red_green_blue = [BANDS.index(band) for band in "irg"]
    return images[:, red_green_blue] / _FULL_SCALE


register(
    ImageType(
        "gri",
        3,
        "each of g, r, i stretched to its own 1-99 percentiles, Lupton composite (Q 8, stretch"
        " 0.02), in the channels red, green, blue",
        _composite("gri"),
        _same,
    )
)
register(
    ImageType(
        "urz",
        3,
        "each of u, r, z stretched to its own 1-99 percentiles, Lupton composite (Q 8, stretch"
        " 0.02), in the channels red, green, blue",
        _composite("urz"),
        _same,
    )
)
register(
    ImageType(
        "gri+urz",
        3,
        "gri and urz of the same object side by side, twice as wide as high",
        _side_by_side("gri", "urz"),
        _same,
    )
)
register(
    ImageType(
        "ugriz",
        5,
        f"five calibrated bands, asinh(flux / {SOFTENING} nanomaggy), one scale for all: colour is"
        " kept",
        lambda flux: asinh_flux(flux, SOFTENING),
        _gri_of_ugriz,
    )
)
