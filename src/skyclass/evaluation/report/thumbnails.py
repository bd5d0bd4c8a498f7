"""Thumbnails packed into few pictures, so that thousands fit in a page."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Sheet", "Sprites", "encode_png", "encode_webp", "pack_thumbnails"]

_LADDER: Final = ((96, 85), (64, 85), (64, 70), (64, 50), (48, 60), (48, 40), (32, 50), (24, 40))
"""Heights in pixels and WebP qualities to try, the best first."""

_BUDGET: Final = 6_000_000
"""Bytes of all sheets as data URIs; plotly.js and the numbers take 8 MB of the 15."""

_WIDEST: Final = 4096  # pixels: any phone can decode that
_ROWS: Final = 32


@dataclass(frozen=True)
class Sheet:
    """One picture of many thumbnails."""

    uri: str
    """WebP as a data URI."""
    columns: int
    """Number of thumbnails in a row."""
    rows: int
    """Number of rows."""


@dataclass(frozen=True)
class Sprites:
    """All thumbnails, in the order of the pictures."""

    sheets: list[Sheet]
    """Filled row by row, one sheet after another."""
    width: int
    """In pixels, of a thumbnail."""
    height: int
    """In pixels, of a thumbnail."""

    @property
    def columns(self) -> int:
        """Number of thumbnails in a row of any sheet."""
        return self.sheets[0].columns

    @property
    def per_sheet(self) -> int:
        """Number of thumbnails of a full sheet."""
        return self.columns * _ROWS


def pack_thumbnails(pictures: Iterable[NDArray[np.uint8]], budget: int = _BUDGET) -> Sprites:
    """Pack pictures into sheets within a budget of bytes.

    Parameters
    ----------
    pictures
        Batches `[n, y, x, 3]`, y growing upwards.
    budget
        Bytes of all data URIs. If even the smallest thumbnails do not fit, they exceed it.

    Returns
    -------
    Sprites
        The sharpest thumbnails that fit.
    """
    heights = [height for height, _ in _LADDER]
    images = [_prepare(picture, heights[0]) for batch in pictures for picture in batch]
    for height, quality in _LADDER:
        smaller = [_shrink(image, height) for image in images]
        sprites = _draw_sheets(smaller, quality)
        if sum(len(sheet.uri) for sheet in sprites.sheets) <= budget:
            break
    return sprites


def encode_png(image: Image.Image) -> str:
    """Encode a picture as PNG.

    Parameters
    ----------
    image
        What to encode.

    Returns
    -------
    str
        Data URI.
    """
    return _encode(image, "png", optimize=True)


def encode_webp(image: Image.Image, quality: int) -> str:
    """Encode a picture as WebP.

    Parameters
    ----------
    image
        What to encode.
    quality
        0 to 100.

    Returns
    -------
    str
        Data URI.
    """
    return _encode(image, "webp", quality=quality, method=4)


def _prepare(picture: NDArray[np.uint8], height: int) -> Image.Image:
    """Turn a picture right way up and limit its height."""
    return _shrink(Image.fromarray(picture[::-1]), height)


def _shrink(image: Image.Image, height: int) -> Image.Image:
    """Shrink a picture that is too tall."""
    if image.height <= height:
        return image
    return image.resize((max(1, round(image.width * height / image.height)), height))


def _draw_sheets(images: list[Image.Image], quality: int) -> Sprites:
    """Draw all sheets at one quality."""
    width, height = images[0].size
    # two at least: the style sheet divides by one less
    columns = max(2, min(32, _WIDEST // width))
    size = columns * _ROWS
    sheets = [
        _draw_sheet(images[start : start + size], columns, quality)
        for start in range(0, len(images), size)
    ]
    return Sprites(sheets, width, height)


def _draw_sheet(images: list[Image.Image], columns: int, quality: int) -> Sheet:
    """Draw one sheet."""
    width, height = images[0].size
    rows = max(2, -(-len(images) // columns))
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * width, i // columns * height))
    return Sheet(encode_webp(sheet, quality), columns, rows)


def _encode(image: Image.Image, kind: str, **options: bool | int) -> str:
    """Encode a picture as a data URI."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
