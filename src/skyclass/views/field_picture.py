"""Draw a field with a ring around each source in the colour of its class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from skyclass.evaluation.class_colours import get_class_colour
from skyclass.files import AnyPath, atomic_path
from skyclass.views.field_view import FieldView, view_field
from skyclass.views.view_files import check_picture

__all__ = ["draw_field"]

_RADIUS: Final = 10  # pixels, of a ring
_WIDTH: Final = 2
_TEXT: Final = 22
_LINE: Final = 40  # pixels, height of the legend
_PAPER: Final = "#0e1217"
_INK: Final = "#e7ecf1"


def draw_field(
    table: pd.DataFrame,
    frames: AnyPath | Sequence[AnyPath],
    out: AnyPath,
    *,
    survey: str | None = None,
) -> None:
    """Draw a field with a ring around each classified source, as a picture or a page.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it.
    frames
        One or more directories with the frames of one field, or of several of which one holds
        sources of the table.
    out
        File to write: ``.png``, with a legend below the field; or ``.html``, one file that needs no
        other, which shows a source enlarged, with its probabilities, below the pointer.
    survey
        Name of the survey; by default the one whose files the directories hold.

    Raises
    ------
    InferenceError
        If the name has another suffix, the table lacks classes or positions, no field holds a
        source, or several do.
    SurveyError
        If there are no frames, or one is broken.
    MissingExtraError
        If Jinja, which makes the page, is not installed.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.models.bundled import find_example_field
    >>> from skyclass.views.field_picture import draw_field
    >>> field = find_example_field()
    >>> table = skyclass.classify(field, "stars")
    >>> draw_field(table, field, "field.png")
    """
    out = Path(out)
    check_picture(out)
    view = view_field(table, frames, survey)
    with atomic_path(out) as partial:
        if out.suffix == ".png":
            _draw(view).save(partial)
        else:
            from skyclass.views.field_page import format_field_page

            partial.write_text(format_field_page(view), encoding="utf-8")


def _draw(view: FieldView) -> Image.Image:
    """Draw the picture, its rings, and the legend below."""
    field = Image.fromarray(view.picture[::-1].copy())
    pen = ImageDraw.Draw(field)
    # Pillow cuts the fractions of pixels off
    columns, rows = np.rint(view.x), np.rint(field.height - 1 - view.y)
    for x, y, code in zip(columns, rows, view.codes.tolist(), strict=True):
        # a dark rim sets a ring apart from a bright galaxy
        for radius, width, colour in (
            (_RADIUS + 1, _WIDTH + 2, "#000000"),
            (_RADIUS, _WIDTH, get_class_colour(code)),
        ):
            box = (x - radius, y - radius, x + radius, y + radius)
            pen.ellipse(box, outline=colour, width=width)
    legend = _draw_legend(view, field.width)
    sheet = Image.new("RGB", (field.width, field.height + legend.height), _PAPER)
    sheet.paste(field, (0, 0))
    sheet.paste(legend, (0, field.height))
    return sheet


def _draw_legend(view: FieldView, width: int) -> Image.Image:
    """Draw the name of the field, and the colour and the number of each class."""
    font = ImageFont.load_default(_TEXT)
    origin = "simulated data" if view.simulated else "survey data"
    words: list[tuple[str, str | None]] = [(f"{view.name}, {origin}", None)]
    for name, count in view.count_classes().items():
        code = view.labels.index(name) if name in view.labels else -1
        words.append((f"{name} {count:,}", get_class_colour(code)))
    places, x, y = [], _LINE // 2, 0
    for text, colour in words:
        needed = int(font.getlength(text)) + (0 if colour is None else 2 * _RADIUS + 8)
        if x + needed > width and x > _LINE // 2:
            x, y = _LINE // 2, y + _LINE
        places.append((x, y))
        x += needed + _LINE
    legend = Image.new("RGB", (width, y + _LINE), _PAPER)
    pen = ImageDraw.Draw(legend)
    for (text, colour), (left, top) in zip(words, places, strict=True):
        if colour is not None:
            ring = (
                left,
                top + _LINE // 2 - _RADIUS,
                left + 2 * _RADIUS,
                top + _LINE // 2 + _RADIUS,
            )
            pen.ellipse(ring, outline=colour, width=2 * _WIDTH)
            left += 2 * _RADIUS + 8
        pen.text((left, top + _LINE // 2), text, _INK, font, anchor="lm")
    return legend
