"""The image type: a named, pure function from a batch of cutouts to model input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyclass.errors import ImageError
from skyclass.images.chunked import apply_in_chunks
from skyclass.images.picture_source import PictureSource
from skyclass.schema import COLOURS

__all__ = ["ImageType", "zero_invalid"]

_BRIGHTEST: Final = 1e12
"""Nanomaggies beyond which a pixel value is invalid: magnitude -7.5 in a single pixel."""


@dataclass(frozen=True)
class ImageType:
    """A named way to turn cutouts into model input."""

    name: str
    """Name in experiment files and on the command line."""
    bands: tuple[str, ...]
    """Bands that `function` takes, in its order, or `COLOURS`."""
    channels: int
    """Channels of the model input."""
    description: str
    """One sentence for users."""
    function: Callable[[Tensor], Tensor]
    """Converts `[n, len(bands), y, x]`, finite, to `[n * samples, channel, y', x']`, float32."""
    picture: Callable[[Tensor], Tensor]
    """Converts the model input to `[n, 3, y', x']`, 0 to 1, for viewing."""
    registration: str = "shift"
    """Default way to register the bands, one of `skyclass.images.align_bands.REGISTRATIONS`."""
    levels: bool = False
    """Whether the model input consists of grey levels 0, 1, ... 255 divided by 255."""
    samples: int = 1
    """Images per object, one after another."""
    source: PictureSource | None = None
    """Source of ready-made pictures, for a type that is not computed from frames."""

    survey_bands: tuple[str, ...] = ()
    """Bands of the survey that it was looked up for; `get_image_type` sets them."""

    @property
    def stored_bands(self) -> tuple[str, ...]:
        """Names along the band axis of the stored cutouts that it is computed from."""
        return COLOURS if self.source is not None else self.survey_bands or self.bands

    @overload
    def __call__(self, flux: Tensor, bands: Sequence[str] | None = None) -> Tensor: ...

    @overload
    def __call__(
        self, flux: NDArray[np.float32], bands: Sequence[str] | None = None
    ) -> NDArray[np.float32]: ...

    def __call__(
        self, flux: Tensor | NDArray[np.float32], bands: Sequence[str] | None = None
    ) -> Tensor | NDArray[np.float32]:
        """Apply the image type to a batch of cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, band, y, x]`, as a tensor on any device or an array; `uint8` grey
            levels for a type of ready-made pictures. A pixel that is not finite counts as masked:
            it becomes the sky, zero.
        bands
            Names along the band axis; `stored_bands` if None.

        Returns
        -------
        torch.Tensor or numpy.ndarray
            `[n * samples, channel, y', x']`, float32, of the same kind as `flux`; both kinds hold
            the same numbers.

        Raises
        ------
        ImageError
            If the shape does not fit the bands, or a band is missing.
        """
        if isinstance(flux, np.ndarray):
            array: NDArray[np.float32] = np.ascontiguousarray(flux, dtype=np.float32)
            return self(torch.from_numpy(array), bands).numpy()
        names = bands or self.stored_bands
        return apply_in_chunks(
            lambda part: self.function(zero_invalid(self.select(part, names))), flux
        )

    def draw(self, flux: Tensor) -> Tensor:
        """Compute model input from the bands of the type, in its order, all pixels finite."""
        return apply_in_chunks(self.function, flux)

    def select(self, flux: Tensor, bands: Sequence[str]) -> Tensor:
        """Select the bands that are needed, `[n, band, ...]`, in the order of `self.bands`.

        Parameters
        ----------
        flux
            `[n, band, ...]`.
        bands
            Names along the band axis.

        Returns
        -------
        torch.Tensor
            `[n, len(self.bands), ...]`.

        Raises
        ------
        ImageError
            If the shape does not fit the bands, or a band is missing.
        """
        if flux.ndim < 3 or flux.shape[1] != len(bands):
            raise ImageError(
                f"image type {self.name} got {list(flux.shape)}, expected [n, {len(bands)}, y, x]"
                f" for the bands {', '.join(bands)}"
            )
        self.check_bands(bands)
        return flux if tuple(bands) == self.bands else flux[:, [bands.index(b) for b in self.bands]]

    def check_bands(self, bands: Sequence[str]) -> None:
        """Check that cutouts hold all bands that are needed.

        Parameters
        ----------
        bands
            Bands of the cutouts.

        Raises
        ------
        ImageError
            If one is missing.
        """
        missing = [band for band in self.bands if band not in bands]
        if missing:
            raise ImageError(
                f"image type {self.name} needs {', '.join(missing)}, but the cutouts hold"
                f" {', '.join(bands)}; choose an image type of these bands"
            )


def zero_invalid(flux: Tensor) -> Tensor:
    """Replace invalid pixels, those not finite or absurdly bright, by the sky, zero.

    Parameters
    ----------
    flux
        Any shape.

    Returns
    -------
    torch.Tensor
        Same shape, float32.
    """
    flux = flux.float()
    return torch.where(flux.abs() < _BRIGHTEST, flux, 0.0)
