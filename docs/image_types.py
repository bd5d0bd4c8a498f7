"""Draw the pictures of `image-types.md` from a real SDSS field.

Usage: SKYCLASS_TEST_DATA=... python docs/image_types.py
"""

import os
import re
from pathlib import Path

import numpy as np
import torch
from astropy.io import fits
from astropy.table import Table
from PIL import Image

from skyclass.images.contact_sheet import draw_sheet
from skyclass.images.cutout import Cutouts, cut_frames
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import open_field

FIELD = Field(301, 4510, 4, 30)
OUT = Path(__file__).parent / "images" / "types"
TYPES = (
    *("gri", "urz", "gri+urz", "gri+urz-squashed", "grey:r", "grey:each", "rgb:rgu"),
    *("percentile:zru:q=3:stretch=0.2", "lupton:irg", "lupton:zru:stretch=0.2", "ugriz"),
    *("asinh:gz", "luptitude", "colours"),
)
NATIVE = 0.396
TILE = 128


def stars(data: Path) -> tuple[list[str], Cutouts, np.ndarray]:
    """Choose stars from blue to red; give their colours, cutouts and places in the r frame."""
    frames = open_field(data / "sdss" / "frames", FIELD)
    table = Table.read(data / "sdss" / "calibObj-004510-4-star.fits.gz")
    ra, dec = np.array(table["RA"]), np.array(table["DEC"])
    magnitude = 22.5 - 2.5 * np.log10(np.clip(np.array(table["PSFFLUX"]), 1e-3, None))
    x, y = frames[2].pixel(ra, dec)
    inside = (x > 130) & (x < 1918) & (y > 130) & (y < 1359)
    good = inside & (magnitude[:, 2] > 15.5) & (magnitude[:, 2] < 18.5)
    colour = magnitude[:, 1] - magnitude[:, 3]
    order = np.flatnonzero(good)[np.argsort(colour[good])]
    chosen = order[np.linspace(0, len(order) - 1, 6).round().astype(int)]
    cutouts = cut_frames(frames, ra[chosen], dec[chosen], 64)
    titles = [f"g-i {c:.1f}" for c in colour[chosen]]
    return titles, cutouts, np.stack([x[chosen], y[chosen]], axis=1)


def save(name: str, titles: list[str], rows: list[str], pictures: list[np.ndarray]) -> None:
    """Draw one block for each object and write the sheet."""
    blocks = [[row[i : i + 1] for i in range(len(titles))] for row in pictures]
    file = OUT / f"{re.sub('[:+]', '-', name).replace('=', '')}.png"
    draw_sheet(titles, rows, blocks, tile=TILE).save(file, optimize=True)


def downloaded(data: Path, places: np.ndarray) -> dict[str, np.ndarray]:
    """Stand in for the archives' pictures: from the field's own JPEG, and Pan-STARRS1 FITS files.

    The archive's JPEG has the pixels of the r frame, its last row on top.
    """
    field = Image.open(data / "sdss" / "jpeg" / "frame-irg-004510-4-0030.jpg")
    pictures = {}
    for name in ("sdss-jpeg", "sdss-jpeg-wide"):
        source = get_image_type(name).source
        half = source.width * source.scale / NATIVE / 2
        tiles = []
        for x, y in places:
            left, top = x + 0.5 - half, field.height - (y + 0.5) - half
            box = (left, top, left + 2 * half, top + 2 * half)
            size = (source.width, source.width)
            drawn = field.resize(size, Image.Resampling.BICUBIC, box)
            tiles.append(np.asarray(drawn)[::-1])
        pictures[name] = np.stack(tiles)
    bands = [fits.getdata(data / "panstarrs" / f"PS1_{band}.fits") for band in "zig"]
    flux = np.nan_to_num(np.stack(bands).astype(np.float32))[None]
    scale = np.percentile(flux, 99.5, axis=(2, 3), keepdims=True)
    drawn = get_image_type("lupton:irg:stretch=0.5")(3 * flux / scale, ("i", "r", "g"))
    pictures["ps1-jpeg"] = (255 * drawn.transpose(0, 2, 3, 1)).astype(np.uint8)
    return pictures


def main(data: Path) -> None:
    """Write all pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    titles, cutouts, places = stars(data)
    flux, offset = cutouts.flux, cutouts.offset
    for name in TYPES:
        most = 2 if name in ("gri+urz", "gri+urz-squashed", "grey:each") else len(titles)
        shown = slice(None, None, len(titles) - 1) if most == 2 else slice(None)
        drawn = render(flux[shown], name, offset=offset[shown])
        save(name, titles[shown], [""], [drawn])
    for name, drawn in downloaded(data, places).items():
        save(name, titles[: len(drawn)] if len(drawn) > 1 else [""], [""], [drawn])
    rows = [render(flux, "lupton:irg", offset=offset, registration=r) for r in ("none", "shift")]
    close = [row[:, 20:44, 20:44] for row in rows]
    save("registration", titles, ["none", "shift"], close)


if __name__ == "__main__":
    torch.set_num_threads(2)
    main(Path(os.environ["SKYCLASS_TEST_DATA"]))
