"""Draw a contact sheet: pictures in a labelled grid."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_sheet"]

_GAP: Final = 3
_MARGIN: Final = 16
_TEXT: Final = 15
_LINE: Final = 19
_PAPER: Final = (255, 255, 255)
_INK: Final = (30, 30, 40)
_FAINT: Final = (110, 110, 120)


def draw_sheet(
    titles: Sequence[str],
    rows: Sequence[str],
    pictures: Sequence[Sequence[NDArray[np.uint8]]],
    *,
    tile: int = 128,
    note: str = "",
) -> Image.Image:
    """Draw one line of pictures for each row and one block for each title.

    Parameters
    ----------
    titles
        Text above the blocks.
    rows
        Text before the lines; what follows a newline is grey.
    pictures
        For each row and each title, `[n, y, x, 3]`, y growing upwards; `n` may differ.
    tile
        Height of each picture in pixels.
    note
        Text below the grid.

    Returns
    -------
    PIL.Image.Image
        The sheet.
    """
    font = ImageFont.load_default(_TEXT)
    lines = [[_join_pictures(block, tile) for block in line] for line in pictures]
    widths = [max(line[i].width for line in lines) for i in range(len(titles))]
    heads = [_wrap_title(title, width, font) for title, width in zip(titles, widths, strict=True)]
    left = _MARGIN + max(int(font.getlength(part)) for row in rows for part in row.split("\n")) + 12
    top = _MARGIN + _LINE * max(len(head) for head in heads) + 4
    size = (
        max(left + sum(widths) + _MARGIN * len(widths), left + int(font.getlength(note))),
        top + len(rows) * (tile + _GAP) + _MARGIN + (_LINE if note else 0),
    )
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    x = left
    for i, head in enumerate(heads):
        first = top - 4 - _LINE * len(head)
        pen.multiline_text((x, first), "\n".join(head), _INK, font, spacing=_LINE - _TEXT)
        for j, line in enumerate(lines):
            sheet.paste(line[i], (x, top + j * (tile + _GAP)))
        x += widths[i] + _MARGIN
    for j, row in enumerate(rows):
        _write_row(pen, row, top + j * (tile + _GAP) + tile // 2, font)
    pen.text((left, size[1] - _MARGIN - _LINE + 8), note, _FAINT, font)
    return sheet


def _join_pictures(pictures: NDArray[np.uint8], tile: int) -> Image.Image:
    """Join the pictures of one block side by side."""
    images = [_scale(Image.fromarray(picture[::-1]), tile) for picture in pictures]
    width = sum(image.width + _GAP for image in images) - _GAP if images else 1
    block = Image.new("RGB", (max(width, 1), tile), _PAPER)
    x = 0
    for image in images:
        block.paste(image, (x, 0))
        x += image.width + _GAP
    return block


def _scale(image: Image.Image, tile: int) -> Image.Image:
    """Scale a picture to the height of a tile; enlarged pixels stay squares."""
    size = (round(image.width * tile / image.height), tile)
    method = Image.Resampling.NEAREST if image.height <= tile else Image.Resampling.LANCZOS
    return image.resize(size, method)


def _wrap_title(
    title: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[str]:
    """Split a title after a colon if it is wider than its block."""
    lines = [""]
    for i, word in enumerate(title.split(":")):
        joined = f"{lines[-1]}:{word}" if i else word
        if i and font.getlength(joined) > width:
            lines[-1] += ":"
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def _write_row(
    pen: ImageDraw.ImageDraw,
    row: str,
    middle: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write the text before a line, its first part dark."""
    parts = row.split("\n")
    y = middle - _LINE * len(parts) // 2
    for i, part in enumerate(parts):
        pen.text((_MARGIN, y + i * _LINE), part, _FAINT if i else _INK, font)
