"""Render batches of cutouts to model input: align bands, crop, draw, resize."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyclass.config.sections import ImageConfig
from skyclass.errors import ImageError, nearest
from skyclass.images.align_bands import REGISTRATIONS, align_bands
from skyclass.images.chunked import apply_in_chunks
from skyclass.images.image_type import zero_invalid
from skyclass.images.registry import get_image_type
from skyclass.images.resize import bilinear, centre_crop, check_crop, lanczos
from skyclass.images.upscale import Upscaler
from skyclass.schema import DEFAULT_SURVEY

__all__ = ["RESIZES", "Renderer", "check_images", "get_registration", "render"]

RESIZES: Final = ("lanczos", "bilinear", "learned")
"""Ways to resize: as Pillow does, the fastest, and with a trained network."""


class Renderer:
    """Converts cutouts to model input, the same way in training, evaluation and use.

    Parameters
    ----------
    image_type
        Name of an image type.
    registration
        One of `REGISTRATIONS`; the image type's own by default.
    bands
        Names along the band axis of the cutouts; as stored for this type by default.
    survey
        Name of the survey of the cutouts.
    crop
        Side in pixels of the central square to crop to; no cropping by default.
    size
        Height in pixels of the model input, its width in proportion; as drawn by default.
    resize
        One of `RESIZES`.
    upscaler
        Weights of the network for ``resize="learned"``.

    Raises
    ------
    ImageError
        If a name is unknown, the cutouts lack a band that the image type needs, or the settings
        contradict each other.
    """

    def __init__(
        self,
        image_type: str,
        registration: str | None = None,
        *,
        bands: Sequence[str] | None = None,
        survey: str = DEFAULT_SURVEY,
        crop: int | None = None,
        size: int | None = None,
        resize: str = "lanczos",
        upscaler: Path | None = None,
    ) -> None:
        self.image_type = get_image_type(image_type, survey)
        self.registration = registration or self.image_type.registration
        _check_name("registration", self.registration, REGISTRATIONS)
        _check_name("resize", resize, RESIZES)
        self._bands = tuple(bands or self.image_type.stored_bands)
        self.image_type.check_bands(self._bands)
        if upscaler is not None and resize != "learned":
            raise ImageError(f'upscaler needs resize = "learned", got resize = {resize!r}')
        self._crop = crop
        self._size = size
        self._resize = resize
        self._upscaler = self._load_upscaler(upscaler) if resize == "learned" else None

    def __call__(self, flux: Tensor, offset: Tensor | None = None) -> Tensor:
        """Compute model input.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, band, y, x]`; pixels that are not finite count as sky.
        offset
            Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`; not needed
            if the bands are not registered.

        Returns
        -------
        torch.Tensor
            `[n * samples, channel, y', x']`.

        Raises
        ------
        ImageError
            If the shape does not fit the bands, or offsets are missing.
        """
        return self.draw(self.align(flux, offset))

    def align(self, flux: Tensor, offset: Tensor | None) -> Tensor:
        """Select the bands of the image type and align them if it needs this, `[n, band, y, x]`."""
        if self.registration == "none":
            return apply_in_chunks(self._select, flux)
        if offset is None:
            raise ImageError(
                f"image type {self.image_type.name} registers the bands: pass the objects' offsets,"
                ' or registration="none"'
            )
        with torch.autocast(flux.device.type, enabled=False):
            return apply_in_chunks(self._select_aligned, flux, offset)

    def draw(self, flux: Tensor) -> Tensor:
        """Compute model input from what `align` returns, in full precision."""
        with torch.autocast(flux.device.type, enabled=False):
            if self._crop is not None:
                flux = centre_crop(flux, self._crop)
            return self._resize_images(self.image_type.draw(flux))

    def _select(self, flux: Tensor) -> Tensor:
        """Select the bands of the image type."""
        return zero_invalid(self.image_type.select(flux, self._bands))

    def _select_aligned(self, flux: Tensor, offset: Tensor) -> Tensor:
        """Select the bands of the image type and align them."""
        return align_bands(self._select(flux), self.image_type.select(offset, self._bands))

    def _resize_images(self, images: Tensor) -> Tensor:
        """Resize model input to the configured size."""
        if self._upscaler is not None:
            images = self._upscaler(images)
        height, width = images.shape[-2:]
        if self._size is None or self._size == height:
            return images
        target = self._size, round(width * self._size / height)
        if self._resize == "bilinear":
            return bilinear(images, *target)
        return lanczos(images, *target, levels=self.image_type.levels)

    def _load_upscaler(self, weights: Path | None) -> Upscaler:
        """Load the network that enlarges images."""
        if weights is None:
            raise ImageError('resize = "learned" needs upscaler, a file of weights (.safetensors)')
        if not self.image_type.levels:
            raise ImageError(
                f"image type {self.image_type.name} has no grey levels, which a learned upscaler"
                ' needs; use resize = "lanczos"'
            )
        return Upscaler(weights)


def get_registration(config: ImageConfig, survey: str = DEFAULT_SURVEY) -> str:
    """Look up how an experiment registers the bands of its cutouts.

    Parameters
    ----------
    config
        How cutouts become model input.
    survey
        Name of the survey of the cutouts.

    Returns
    -------
    str
        One of `REGISTRATIONS`: the configured one, or the image type's own.

    Raises
    ------
    ImageError
        If the image type is unknown.
    """
    return config.registration or get_image_type(config.type, survey).registration


def check_images(config: ImageConfig, side: int, survey: str = DEFAULT_SURVEY) -> None:
    """Check the settings of an experiment's images before any work.

    Parameters
    ----------
    config
        How cutouts become model input.
    side
        Pixels a side of cutouts of frames.
    survey
        Name of the survey of the cutouts.

    Raises
    ------
    ImageError
        If `Renderer` does not accept them, or the crop is not in the middle of a cutout.
    """
    source = get_image_type(config.type, survey).source
    if config.crop is not None:
        check_crop(side if source is None else source.width, config.crop)
    Renderer(
        config.type,
        config.registration,
        survey=survey,
        crop=config.crop,
        size=config.size,
        resize=config.resize,
        upscaler=config.upscaler,
    )


def render(
    flux: NDArray[np.float32],
    image_type: str,
    *,
    offset: NDArray[np.float32] | None = None,
    registration: str | None = None,
    bands: Sequence[str] | None = None,
    survey: str = DEFAULT_SURVEY,
) -> NDArray[np.uint8]:
    """Render cutouts as pictures that show what the model sees.

    Parameters
    ----------
    flux
        Nanomaggies, or grey levels of ready-made pictures, `[n, band, y, x]`.
    image_type
        Name of an image type.
    offset
        Pixels in y and x from the cutout's centre to the object, `[n, band, 2]`.
    registration
        `shift` or `none`; the image type's own by default.
    bands
        Names along the band axis; as cutouts are stored for this type by default.
    survey
        Name of the survey of the cutouts.

    Returns
    -------
    numpy.ndarray
        `[n, y', x', 3]`, 0 to 255; if a type makes several samples of an object, they stand side
        by side.

    Raises
    ------
    ImageError
        If the image type is unknown, or offsets are needed to register the bands.

    Examples
    --------
    >>> import skyclass
    >>> train = skyclass.open_cutouts("cutouts")["train"]
    >>> flux, offset = train.take([0, 1]), train.offsets()[:2]
    >>> pictures = skyclass.render(flux, "lupton:irg", offset=offset)
    >>> pictures.shape, pictures.dtype
    ((2, 32, 32, 3), dtype('uint8'))
    """
    renderer = Renderer(image_type, registration, bands=bands, survey=survey)

    def draw(flux: Tensor, *offset: Tensor) -> Tensor:
        images = renderer.image_type.picture(renderer(flux, *offset))
        height, width = images.shape[-2:]
        levels = images.clamp(0, 1).mul_(255).add_(0.5).to(torch.uint8)
        samples = levels.reshape(len(flux), -1, 3, height, width)
        return samples.permute(0, 3, 1, 4, 2).reshape(len(flux), height, -1, 3)

    arrays = (flux,) if offset is None else (flux, offset)
    pictures: NDArray[np.uint8] = apply_in_chunks(draw, *map(torch.from_numpy, arrays)).numpy()
    return pictures


def _check_name(key: str, name: str, known: tuple[str, ...]) -> None:
    """Raise if a name is unknown; the message names the nearest one."""
    if name not in known:
        raise ImageError(
            f"unknown {key} {name!r}; did you mean {nearest(name, known)!r}?"
            f" (there are {', '.join(known)})"
        )
