"""What an image type is: a named, pure way to turn a batch of cutouts into model input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyclass.errors import ImageError
from skyclass.survey import BANDS

__all__ = ["Download", "ImageType", "finite"]


@dataclass(frozen=True)
class Download:
    """Pictures that an archive draws itself, fetched as files."""

    service: str
    """`skyserver` (SDSS ImgCutout getjpeg) or `ps1` (fitscut at STScI)."""
    scale: float
    """Arcsec per pixel."""
    width: int
    """Pixels a side."""
    options: str = ""
    """Drawing options of the service (SkyServer's `opt`)."""
    bands: str = ""
    """Bands drawn as red, green and blue, where the service lets one choose."""


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
    registration: str = "shift"
    """How bands are brought onto one grid where nothing else is asked for."""
    levels: bool = False
    """Whether the model input is made of grey levels 0, 1, ... 255 divided by 255."""
    samples: int = 1
    """Images made of each object, one after another."""
    source: Download | None = None
    """Where ready-made pictures come from, for a type that is not made of cutouts."""

    @overload
    def __call__(self, flux: Tensor) -> Tensor: ...

    @overload
    def __call__(self, flux: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def __call__(self, flux: Tensor | NDArray[np.float32]) -> Tensor | NDArray[np.float32]:
        """Apply the image type to a batch of cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, 5, y, x]`, as a tensor on any device or an array. A pixel that is
            not a finite number counts as masked: it becomes the sky, zero.

        Returns
        -------
        torch.Tensor or numpy.ndarray
            `[n, channel, y', x']`, float32, what `flux` is; the numbers are the same.

        Raises
        ------
        ImageError
            Where the shape is another, or the type is made of downloaded pictures.
        """
        if isinstance(flux, np.ndarray):
            return self(torch.tensor(flux, dtype=torch.float32)).numpy()
        if self.source is not None:
            raise ImageError(
                f"image type {self.name} is made of downloaded pictures, not of cutouts;"
                " choose another type"
            )
        if flux.ndim != 4 or flux.shape[1] != len(BANDS):
            raise ImageError(
                f"image type {self.name} takes [n, {len(BANDS)}, y, x], got {list(flux.shape)}"
            )
        return self.function(finite(flux))


def finite(flux: Tensor) -> Tensor:
    """Put the sky, zero, where a pixel is not a finite number.

    Parameters
    ----------
    flux
        Any shape.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    return torch.nan_to_num(flux, nan=0.0, posinf=0.0, neginf=0.0)
