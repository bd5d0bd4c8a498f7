"""Image types of two earlier systems, as their texts describe them, faults included.

The sources are a vision-transformer thesis (composites, SkyServer pictures) and a convolutional
network's manual (grey plots, SkyServer and Pan-STARRS pictures). Cutouts at a frame's edge are
padded here; there they were stretched to the full size.
"""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor

from skyclass.images.families import ImageFamily, Parameter
from skyclass.images.image_type import ImageType
from skyclass.images.picture_source import PictureSource
from skyclass.images.resize import lanczos
from skyclass.images.stretch import linear_grey, lupton, percentile_scale
from skyclass.schema import COLOURS
from skyclass.surveys.survey import Survey

__all__ = ["LEGACY_FAMILIES", "LEGACY_TYPES", "build_grey_each"]

_GREY_RANGE: Final = 0.1
"""Limit in nanomaggies: the manual sets both to 0, which matplotlib widens to -0.1 and 0.1."""

_VIT_SIZE: Final = 224
_SETTINGS: Final = {"q": 8.0, "stretch": 0.02}


def _draw_composite(flux: Tensor, q: float = 8.0, stretch: float = 0.02) -> Tensor:
    """Draw the thesis's composite of three bands (its sections 4.2.5 and B.5)."""
    return lupton(percentile_scale(flux), stretch=stretch, q=q)


def _join_composites(flux: Tensor) -> Tensor:
    """Place `gri` and `urz` of the same objects, `[n, griuz, y, x]`, side by side (section B.7)."""
    gri, urz = flux[:, [0, 1, 2]], flux[:, [3, 1, 4]]
    return torch.cat([_draw_composite(gri), _draw_composite(urz)], dim=-1)


def _squash(flux: Tensor) -> Tensor:
    """Resize the pair to the square that the thesis's network takes (its section B.8)."""
    return lanczos(_join_composites(flux), _VIT_SIZE, _VIT_SIZE, levels=True)


def _draw_grey(flux: Tensor) -> Tensor:
    """Draw bands in grey, each a channel (the manual's section 6.1, without axes)."""
    return linear_grey(flux, -_GREY_RANGE, _GREY_RANGE)


def _draw_each_band(flux: Tensor) -> Tensor:
    """Draw every band of every object as an image of its own, `[n * band, 1, y, x]`."""
    return _draw_grey(flux).flatten(0, 1).unsqueeze(1)


def _show_unchanged(images: Tensor) -> Tensor:
    """Show a colour picture as it is."""
    return images


def _show_grey(images: Tensor) -> Tensor:
    """Show one channel in grey."""
    return images.expand(-1, 3, -1, -1)


def _make_composite_type(
    name: str, bands: str, description: str, function: Callable[[Tensor], Tensor]
) -> ImageType:
    """Make an image type that is a colour picture of bands that are not registered."""
    return ImageType(
        name, tuple(bands), 3, description, function, _show_unchanged, "none", levels=True
    )


def _make_picture_type(name: str, description: str, source: PictureSource) -> ImageType:
    """Make an image type of pictures that an archive draws; their grey levels are unchanged."""
    return ImageType(
        name,
        COLOURS,
        3,
        description,
        lambda levels: levels / 255,
        _show_unchanged,
        "none",
        levels=True,
        source=source,
    )


def _build_percentile(
    name: str, bands: str, values: Mapping[str, float], _survey: Survey
) -> ImageType:
    """Build `percentile:<bbb>`."""
    text = (
        f"each of {', '.join(bands)} stretched to its own 1-99 percentiles, Lupton composite (Q"
        f" {values['q']:g}, stretch {values['stretch']:g}), in the channels red, green, blue"
    )
    return _make_composite_type(name, bands, text, lambda flux: _draw_composite(flux, **values))


def _build_grey(name: str, bands: str, _values: Mapping[str, float], _survey: Survey) -> ImageType:
    """Build `grey:<band>`."""
    text = f"{bands} in grey, linear from -0.1 (black) to 0.1 nanomaggy (white)"
    return ImageType(name, tuple(bands), 1, text, _draw_grey, _show_grey, "none", levels=True)


def _build_merged(
    name: str, bands: str, _values: Mapping[str, float], _survey: Survey
) -> ImageType:
    """Build `rgb:<bbb>`."""
    text = f"the grey pictures of {', '.join(bands)} as red, green, blue"
    return _make_composite_type(name, bands, text, _draw_grey)


def build_grey_each(survey: Survey) -> ImageType:
    """Build `grey:each`.

    Parameters
    ----------
    survey
        Survey of the cutouts.

    Returns
    -------
    ImageType
        As many samples of each object as the survey has bands.
    """
    return ImageType(
        "grey:each",
        survey.band_names,
        1,
        "each band of an object in grey as a sample of its own; class probabilities are averaged",
        _draw_each_band,
        _show_grey,
        "none",
        levels=True,
        samples=len(survey.bands),
    )


LEGACY_FAMILIES: Final = (
    ImageFamily(
        "percentile",
        "percentile:gri",
        "three bands, each stretched to its own percentiles, as a Lupton composite",
        _build_percentile,
        count=(3, 3),
        parameters={key: Parameter(value) for key, value in _SETTINGS.items()},
    ),
    ImageFamily(
        "grey", "grey:r", "one band in grey, -0.1 to 0.1 nanomaggy", _build_grey, count=(1, 1)
    ),
    ImageFamily("rgb", "rgb:rgu", "three grey bands merged", _build_merged, count=(3, 3)),
)
"""Families of image types of the earlier systems."""

LEGACY_TYPES: Final = (
    _make_composite_type(
        "gri+urz",
        "griuz",
        "gri and urz of the same object side by side, twice as wide as high",
        _join_composites,
    ),
    _make_composite_type(
        "gri+urz-squashed",
        "griuz",
        "gri+urz squashed to a square of 224 pixels (Lanczos), as the vision transformer saw it",
        _squash,
    ),
    _make_picture_type(
        "sdss-jpeg",
        "SkyServer's colour picture, 224 pixels of 0.025 arcsec",
        PictureSource("skyserver", 0.025, 224),
    ),
    _make_picture_type(
        "sdss-jpeg-wide",
        "SkyServer's colour picture, 240 pixels of 0.4 arcsec, a grid drawn over it",
        PictureSource("skyserver", 0.4, 240, options="G"),
    ),
    _make_picture_type(
        "ps1-jpeg",
        "Pan-STARRS1 colour picture of y, i, g, 240 pixels of 0.25 arcsec",
        PictureSource("ps1", 0.25, 240, bands="yig"),
    ),
)
"""Named image types of the earlier systems."""
