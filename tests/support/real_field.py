"""A field of real SDSS data and its stars."""

from pathlib import Path

import numpy as np
from astropy.table import Table

from skyclass.frames.frame import Frame
from skyclass.images.cutout import Cutouts, cut_frames
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import open_field


def open_real_field(real_data: Path) -> tuple[Frame, ...]:
    """Open the five frames of the field 4510-4-30."""
    return open_field(real_data / "sdss" / "frames", Field(301, 4510, 4, 30))


def read_real_stars(real_data: Path, frames: tuple[Frame, ...]) -> Table:
    """Read the archive's stars that lie on the field's own rows."""
    stars = Table.read(real_data / "sdss" / "calibObj-004510-4-star.fits.gz")
    x, y = frames[2].pixel(np.array(stars["RA"]), np.array(stars["DEC"]))
    return stars[(x > 0) & (x < 2047) & (y > 64) & (y < 1425)]


def cut_stars(frames: tuple[Frame, ...], stars: Table, size: int = 64) -> Cutouts:
    """Cut stars of the archive's table in all bands."""
    return cut_frames(frames, np.array(stars["RA"]), np.array(stars["DEC"]), size)
