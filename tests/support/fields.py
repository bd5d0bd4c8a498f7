"""Fields of the small survey: positions on their rows, and changed copies."""

import bz2
import shutil
from pathlib import Path

import numpy as np
from astropy.io import fits

from skyclass.simulation.simulation_settings import MANIFEST
from skyclass.surveys.sdss.layout import BANDS, Field, find_frame
from skyclass.surveys.sdss.reader import open_field


def find_positions(frames: Path, field: Field, rows: list[float]) -> tuple[np.ndarray, np.ndarray]:
    wcs = open_field(frames, field)[2].wcs
    ra, dec = wcs.all_pix2world(np.linspace(300, 1700, len(rows)), rows, 0)
    return np.asarray(ra), np.asarray(dec)


def copy_field(frames: Path, field: Field, to: Path, change=None) -> Path:
    for band in BANDS:
        path = find_frame(frames, field, band)
        target = to / path.name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
        if change and band == "g":
            with fits.open(target, mode="update") as units:
                change(units[0])
    return to


def copy_decompressed(survey: Path, out: Path) -> None:
    """Copy a survey with its frames decompressed, without the file that says how it was simulated.

    Experiments on the copy estimate no ceiling, which takes half a minute in a process that a test
    starts.
    """
    shutil.copytree(survey, out, ignore=shutil.ignore_patterns("*.bz2", MANIFEST))
    for path in survey.rglob("*.bz2"):
        plain = out / path.relative_to(survey).with_suffix("")
        plain.write_bytes(bz2.decompress(path.read_bytes()))
