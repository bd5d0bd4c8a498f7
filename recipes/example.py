"""Make the example field that comes with the package: a part of a simulated field."""

import bz2
import io
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.files import make_directory
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import FIELD_KEY, PRIMARY_ROWS, Field
from skyclass.surveys.sdss.reader import open_field

__all__ = ["write_example"]

SEED: Final = 23
OBJECTS: Final = 600
"""Labelled stars of the whole field; more than there are on average, to have some in the part."""
ROWS: Final = slice(400, 880)
COLUMNS: Final = slice(700, 1340)
MARGIN: Final = 34
"""Pixels from the rim within which a cutout would leave the frame, in one band or another."""


def write_example(build: Path, target: Path) -> None:
    """Simulate a field below `build`, and write a part of it into `target`."""
    catalog = simulate(build, 1, seed=SEED, objects_per_field=OBJECTS, workers=1)
    make_directory(target)
    for path in sorted(build.glob("frames/**/*.fits.bz2")):
        content = crop_frame(bz2.decompress(path.read_bytes()))
        (target / path.name).write_bytes(bz2.compress(content))
    table = pd.read_csv(catalog, dtype=str)
    inside = select_inside(table, target)
    table[inside].to_csv(target / "catalog.csv", index=False)


def crop_frame(content: bytes) -> bytes:
    """Crop the image of a frame; its tables of the sky and of the scan are left out."""
    with fits.open(io.BytesIO(content)) as hdus:
        image, header = hdus[0].data[ROWS, COLUMNS], hdus[0].header
    header["CRPIX1"] -= COLUMNS.start
    header["CRPIX2"] -= ROWS.start
    cropped = io.BytesIO()
    fits.PrimaryHDU(image, header).writeto(cropped)
    return cropped.getvalue()


def select_inside(table: pd.DataFrame, folder: Path) -> NDArray[np.bool_]:
    """Select the objects whose cutouts lie on the frames, `[n]`."""
    key = (int(table[name].iloc[0]) for name in FIELD_KEY)
    frame = open_field(folder, Field(*key))[2]
    x, y = frame.pixel(table["ra"].to_numpy(float), table["dec"].to_numpy(float))
    rows, columns = frame.shape
    inside = (x > MARGIN) & (x < columns - MARGIN) & (y > PRIMARY_ROWS[0]) & (y < rows - MARGIN)
    return np.asarray(inside)
