"""Show stored cutouts in a notebook: counts of classes and splits, and a strip of pictures."""

import base64
import html
import io
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skyclass.images.composite import choose_composite_bands
from skyclass.images.renderer import render
from skyclass.schema import COLOURS

if TYPE_CHECKING:
    from skyclass.images.stored_cutouts import StoredCutouts

__all__ = ["make_cutouts_html"]

_MOST: Final = 12
"""Pictures in the strip."""

_TILE: Final = 64
"""Height of a picture in pixels."""


def make_cutouts_html(cutouts: "StoredCutouts") -> str:
    """Build the HTML that a notebook shows of stored cutouts.

    Parameters
    ----------
    cutouts
        Stored cutouts.

    Returns
    -------
    str
        One line of text, a strip of pictures of every class in turn, and a table of counts.
    """
    info = cutouts.info
    split = cutouts[next(iter(cutouts))]
    rows = _choose(split.label)
    pictures = _draw(split.take(rows), split.offsets()[rows], info.bands, info.survey)
    labels = [info.labels[code] for code in split.label[rows]]
    strip = "".join(map(_format_picture, pictures, labels))
    kind = "simulated data" if info.simulated else "survey data"
    line = (
        f"{cutouts.counts.to_numpy().sum()} cutouts of {info.size} × {info.size} pixels in"
        f" {', '.join(info.bands)}; {kind}"
    )
    return f"<p>{html.escape(line)}</p><div>{strip}</div>{cutouts.counts.to_html(border=0)}"


def _choose(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Select rows of every class in turn: the first of each, the second of each, ..."""
    order = np.argsort(labels, kind="stable")
    place = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return order[np.argsort(place, kind="stable")][:_MOST]


def _draw(
    flux: NDArray[np.float32], offset: NDArray[np.float32], bands: tuple[str, ...], survey: str
) -> NDArray[np.uint8]:
    """Draw three bands as a colour composite, or show ready-made pictures as they are."""
    if bands == COLOURS:
        return np.moveaxis(flux, 1, -1).astype(np.uint8)
    mapping = choose_composite_bands(bands)
    return render(flux, f"lupton:{mapping}", offset=offset, bands=bands, survey=survey)


def _format_picture(picture: NDArray[np.uint8], label: str) -> str:
    """Format one picture as an inline PNG, its class as its title."""
    buffer = io.BytesIO()
    # y grows upwards in a cutout, downwards in a file
    Image.fromarray(picture[::-1]).save(buffer, format="png")
    data, title = base64.b64encode(buffer.getvalue()).decode(), html.escape(label, quote=True)
    return (
        f'<img src="data:image/png;base64,{data}" alt="{title}" title="{title}"'
        f' height="{_TILE}" style="margin: 1px">'
    )
