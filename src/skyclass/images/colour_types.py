"""Image types that preserve colour: composites on one scale, and calibrated bands."""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from skyclass.errors import ImageError
from skyclass.images.families import ImageFamily, Parameter
from skyclass.images.image_type import ImageType
from skyclass.images.stretch import asinh_flux, asinh_magnitude, lupton
from skyclass.photometry import POGSON
from skyclass.surveys.survey import Survey

__all__ = ["COLOUR_FAMILIES"]

_SOFTENING: Final = 0.1
"""Softening of `asinh` in nanomaggies: about the noise of one pixel of a frame in r and i."""

_WHITE: Final = 30.0
"""Nanomaggies of a pixel that is shown as white: the centre of a star of r = 16."""


def _build_lupton(name: str, bands: str, values: Mapping[str, float], _survey: Survey) -> ImageType:
    """Build `lupton:<bbb>`."""
    settings = dict(values)
    text = (
        f"Lupton composite of {', '.join(bands)} as red, green, blue on one scale (Q"
        f" {values['q']:g}, stretch {values['stretch']:g}, minimum {values['minimum']:g}"
        " nanomaggy): colour is kept"
    )
    return ImageType(
        name,
        tuple(bands),
        3,
        text,
        lambda flux: lupton(flux, **settings),
        lambda images: images,
        levels=True,
    )


def _build_asinh(name: str, bands: str, values: Mapping[str, float], _survey: Survey) -> ImageType:
    """Build `asinh:<bands>`."""
    softening = values["softening"]
    text = (
        f"{', '.join(bands)} calibrated, asinh(flux / {softening:g} nanomaggy), one scale for all:"
        " colour is kept"
    )
    white = math.asinh(_WHITE / softening)
    return ImageType(
        name,
        tuple(bands),
        len(bands),
        text,
        lambda flux: asinh_flux(flux, softening),
        _make_viewer(bands, lambda images: images / white),
    )


def _build_luptitude(
    name: str, bands: str, _values: Mapping[str, float], survey: Survey
) -> ImageType:
    """Build `luptitude:<bands>`."""
    softening = [survey.get_band(band).softening or math.nan for band in bands]
    if not all(map(math.isfinite, softening)):
        raise ImageError(
            f"image type {name!r} needs the softening of asinh magnitudes, which survey"
            f" {survey.name} does not state; use 'asinh:{bands}'"
        )
    text = f"asinh magnitudes of {', '.join(bands)} with the survey's softening of each band"
    # shown from the sky's magnitude (black) to that of a pixel of 30 nanomaggies (white)
    sky, white = (
        asinh_magnitude(torch.full((1, len(bands), 1, 1), value), softening)
        for value in (0.0, _WHITE)
    )

    def scale(images: Tensor) -> Tensor:
        return (sky.to(images) - images) / (sky - white).to(images)

    return ImageType(
        name,
        tuple(bands),
        len(bands),
        text,
        lambda flux: asinh_magnitude(flux, softening),
        _make_viewer(bands, scale),
    )


def _build_colours(
    name: str, bands: str, values: Mapping[str, float], _survey: Survey
) -> ImageType:
    """Build `colours:<bands>`."""
    softening = values["softening"]
    pairs = [f"{one}-{other}" for one, other in pairwise(bands)]
    text = (
        f"colours {', '.join(pairs)} of every pixel in asinh magnitudes (softening"
        f" {softening:g} nanomaggy in all bands): the ratio of two bands, zero on the sky"
    )

    def function(flux: Tensor) -> Tensor:
        # 2 b stands under the flux in an asinh magnitude
        return POGSON * asinh_flux(flux, 2 * softening).diff(dim=1)

    return ImageType(
        name,
        tuple(bands),
        len(pairs),
        text,
        function,
        _make_viewer(bands[1:], lambda images: images / 4 + 0.5),
    )


def _make_viewer(bands: str, scale: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Show i, r, g as red, green, blue if all three exist, else the last, middle and first band."""
    last = len(bands) - 1
    order = [bands.index(b) for b in "irg"] if set("gri") <= set(bands) else [last, last // 2, 0]
    return lambda images: scale(images)[:, order]


COLOUR_FAMILIES: Final = (
    ImageFamily(
        "lupton",
        "lupton:irg",
        "three bands on one scale as a Lupton composite, colour kept",
        _build_lupton,
        count=(3, 3),
        parameters={
            "q": Parameter(8.0),
            "stretch": Parameter(0.5),
            "minimum": Parameter(0.0, positive=False),
        },
    ),
    ImageFamily(
        "asinh",
        "asinh:gri",
        "calibrated bands, asinh(flux / softening), one scale for all",
        _build_asinh,
        count=(1, None),
        parameters={"softening": Parameter(_SOFTENING)},
    ),
    ImageFamily(
        "luptitude",
        "luptitude:gri",
        "asinh magnitudes with the survey's softening",
        _build_luptitude,
        count=(1, None),
    ),
    ImageFamily(
        "colours",
        "colours:gri",
        "colours of neighbouring bands in every pixel",
        _build_colours,
        count=(2, None),
        parameters={"softening": Parameter(_SOFTENING)},
    ),
)
"""Families of image types that preserve colour."""
