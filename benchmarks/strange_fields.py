"""What no model was trained on, drawn into the frames of a field."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from skyclass.frames.frame import Frame
from skyclass.measurement.detect import detect

__all__ = ["DRAWN", "draw", "list_empty_places"]

FWHM = 3.3
"""Pixels, of what is drawn."""
SIGMA = FWHM / 2.355
STAR = (0.25, 0.7, 1.0, 1.15, 1.2)
"""Flux of a G star in u g r i z, in that in r."""
NEBULA = (0.3, 0.6, 1.0, 0.5, 0.3)
"""The same of a nebula, brightest in H alpha."""


Drawing = tuple[list[NDArray[np.float64]], NDArray[np.float64] | None]
"""A picture for each band, in units of its noise, and places `x`, `y` on what is drawn, `[n, 2]`;
None where it is for `detect` to find them."""


def draw(frames: Sequence[Frame], kind: str, band: int) -> tuple[list[Frame], pd.DataFrame]:
    """Draw one of `DRAWN` into all bands of a field, and list the places of what is drawn.

    Places are in the pixels of one of the bands; where none are stated, they are those of the
    sources that are detected there and were not before.
    """
    pictures, places = DRAWN[kind](frames[band].data.shape, np.random.default_rng(1))
    drawn = []
    for frame, picture in zip(frames, pictures, strict=True):
        noise = 1.4826 * np.nanmedian(np.abs(frame.data - np.nanmedian(frame.data)))
        data = np.minimum(frame.data + noise * picture, frame.saturation)
        drawn.append(replace(frame, data=data.astype(np.float32)))
    if places is None:
        return drawn, find_new_sources(frames[band], drawn[band])
    return drawn, _locate(frames[band], places)


def draw_trails(shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw trails of satellites: in a drift scan each band saw them elsewhere; places in all."""
    y, x = np.indices(shape, np.float32)
    pictures, places = [], []
    for _ in STAR:
        picture = np.zeros(shape)
        for _ in range(2):
            angle, middle = rng.uniform(0, np.pi), rng.uniform(0.3, 0.7, 2) * shape[::-1]
            across = (x - middle[0]) * np.sin(angle) - (y - middle[1]) * np.cos(angle)
            picture += rng.uniform(8, 40) * np.exp(-0.5 * (across / SIGMA) ** 2)
            along = np.arange(-600, 600, 50)[:, None]
            places.append(middle + along * [np.cos(angle), np.sin(angle)])
        pictures.append(picture)
    return pictures, np.concatenate(places)


def draw_spikes(shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw six stars of about 10th magnitude, with haloes and four spikes each."""
    y, x = np.indices(shape, np.float32)
    picture, places = np.zeros(shape), []
    for _ in range(6):
        column, row = rng.uniform(0.1, 0.9, 2) * shape[::-1]
        dx, dy = x - column, y - row
        picture += 5e4 * (1 + (np.hypot(dx, dy) / (1.2 * FWHM)) ** 2) ** -1.9
        for one, two in ((dx + dy, dx - dy), (dx - dy, dx + dy)):
            height = 120 / (1 + np.abs(one) / 20) ** 1.5
            picture += height * np.exp(-0.5 * (two / 2.5) ** 2)
        distance = rng.uniform(25, 80, 12)
        signs = rng.choice([-1, 1], (12, 2))
        places.append([column, row] + distance[:, None] * signs)
    return [share * picture for share in STAR], np.concatenate(places)


def draw_saturated(shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw forty stars of about 9th to 13th magnitude, which the detector cuts off."""
    y, x = np.indices(shape, np.float32)
    picture = np.zeros(shape)
    places = rng.uniform(0.05, 0.95, (40, 2)) * shape[::-1]
    for column, row in places:
        radius = np.hypot(x - column, y - row)
        picture += 10 ** rng.uniform(3.9, 5.5) * (1 + (radius / (1.2 * FWHM)) ** 2) ** -2.5
    return [share * picture for share in STAR], places


def draw_nebula(shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw filaments from an arcsecond to half a minute wide."""
    waves = sum(
        scale * gaussian_filter(rng.normal(size=shape), scale) for scale in (2.0, 4.0, 8.0, 24.0)
    )
    filaments = 25 * np.exp(-np.abs(waves) / (0.25 * waves.std()))
    return [share * filaments for share in NEBULA], None


def draw_edge_stars(shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw stars whose centres lie within two pixels of the first or last column."""
    y, x = np.indices(shape, np.float32)
    picture, places = np.zeros(shape), []
    for row in np.arange(40, shape[0] - 40, 20):
        column = rng.uniform(0, 2)
        column = column if rng.random() < 0.5 else shape[1] - 1 - column
        part = np.s_[row - 10 : row + 11]
        squared = (x[part] - column) ** 2 + (y[part] - row) ** 2
        picture[part] += 10 ** rng.uniform(1.3, 2.5) * np.exp(-0.5 * squared / SIGMA**2)
        places.append((column, float(row)))
    return [share * picture for share in STAR], np.array(places)


DRAWN: dict[str, Callable[[tuple[int, int], np.random.Generator], Drawing]] = {
    "saturated stars": draw_saturated,
    "satellite trails": draw_trails,
    "diffraction spikes": draw_spikes,
    "nebula": draw_nebula,
    "frame edges": draw_edge_stars,
}


def find_new_sources(frame: Frame, drawn: Frame, apart: float = 6.0) -> pd.DataFrame:
    """Detect the sources of a frame with something drawn in it that are not in the frame itself."""
    before, after = detect(frame), detect(drawn)
    distance, _ = cKDTree(before[["x", "y"]]).query(after[["x", "y"]])
    return after[distance > apart].reset_index(drop=True)


def list_empty_places(frame: Frame, count: int = 150, apart: float = 12.0) -> pd.DataFrame:
    """List places of a frame that are far from all sources."""
    drawn = np.random.default_rng(2).uniform(0.05, 0.95, (20 * count, 2))
    places = drawn * frame.data.shape[::-1]
    distance, _ = cKDTree(detect(frame, 2.0)[["x", "y"]]).query(places)
    return _locate(frame, places[distance > apart][:count])


def _locate(frame: Frame, places: NDArray[np.float64]) -> pd.DataFrame:
    """Locate those places on the sky that lie on the frame."""
    x, y = places.T
    ra, dec = frame.wcs.all_pix2world(x, y, 0)
    table = pd.DataFrame({"ra": ra, "dec": dec, "x": x, "y": y})
    return table[frame.contains(x, y)].reset_index(drop=True)
