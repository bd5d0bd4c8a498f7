"""Composites in batches against astropy's, image by image, and against the legacy way.

Usage: python benchmarks/composites.py [OBJECTS]

All draw the same `gri` and `urz` pictures. The legacy way (the thesis's appendices B.4 and B.5)
opens the frame for each star and band, cuts with Cutout2D and writes a FITS file, then reads
three of these for each picture, resizes, stretches and composes them and saves a PNG. The whole is
compared with the same from frames here (opened once, cut, drawn, in memory), its second half with
drawing from cutouts. Each has one thread and is timed several times in turn, in CPU time; the
shortest counts. Needs matplotlib and scikit-image.
"""

import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.visualization import make_lupton_rgb
from astropy.wcs import WCS
from matplotlib import pyplot as plt
from skimage.transform import resize

from skyclass.images.cutout import cut_frames
from skyclass.images.renderer import render
from skyclass.surveys.sdss.layout import BANDS, Field
from skyclass.surveys.sdss.reader import open_field

SIZE = 64
TYPES = ("gri", "urz")
ROUNDS = 5
NAMES = (
    "batched",
    "batched, from frames",
    "astropy, one by one",
    "source, from its cutouts",
    "source, from frames",
)
FIELD = Field(301, 1, 1, 1)


def cutouts(n: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    star = np.exp(-(x**2 + y**2) / 4.5)
    flux = 10 ** rng.uniform(-1, 2, (n, 5, 1, 1)) * star
    return (flux + rng.normal(0, 0.05, (n, 5, SIZE, SIZE))).astype(np.float32)


def normalised(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / (high - low), 0, 1)


def one_by_one(flux: np.ndarray) -> np.ndarray:
    """Compose each picture with astropy, everything in memory."""
    out = np.empty((len(TYPES), len(flux), SIZE, SIZE, 3), dtype=np.uint8)
    for t, name in enumerate(TYPES):
        index = [BANDS.index(band) for band in name]
        for i, images in enumerate(flux):
            out[t, i] = make_lupton_rgb(*map(normalised, images[index]), Q=8, stretch=0.02)
    return out


def make_frames(folder: Path) -> None:
    """Write five frames of the survey's size, not compressed."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [10, 0], [1024, 744], [-1.1e-4, 1.1e-4]
    rng = np.random.default_rng(2)
    for band in BANDS:
        pixels = rng.normal(0, 0.05, (1489, 2048)).astype(np.float32)
        fits.writeto(frame(folder, band), pixels, wcs.to_header())


def frame(folder: Path, band: str) -> Path:
    return folder / f"frame-{band}-000001-1-0001.fits"


def place(i: int) -> tuple[float, float]:
    """Return the position of a star in degrees; all lie well within the frame."""
    return 10 + 1e-4 * (i % 29), 1e-4 * (i // 29)


def source_cut(folder: Path, n: int) -> None:
    """Cut in the legacy way: the frame is opened for each star and band."""
    for i in range(n):
        for band in BANDS:
            with fits.open(frame(folder, band)) as file:
                wcs = WCS(file[0].header)
                star = SkyCoord(*place(i), unit=units.deg)
                cut = Cutout2D(file[0].data, star, (SIZE, SIZE), wcs=wcs)
                out = fits.PrimaryHDU(cut.data, cut.wcs.to_header())
                out.writeto(folder / f"{i}_{band}.fits", overwrite=True)


def source_compose(folder: Path, n: int) -> None:
    """Compose each picture from files, in the legacy way."""
    for i in range(n):
        for name in TYPES:
            bands = []
            for band in name:
                with fits.open(folder / f"{i}_{band}.fits", memmap=True) as file:
                    data = file[0].data.copy()
                size = (SIZE, SIZE)
                bands.append(
                    normalised(resize(data, size, preserve_range=True, anti_aliasing=True))
                )
            picture = make_lupton_rgb(*bands, Q=8, stretch=0.02)
            plt.imsave(folder / f"{i}_{name}.png", picture, format="png", dpi=300)


def source_way(folder: Path, n: int) -> None:
    source_cut(folder, n)
    source_compose(folder, n)


def batched(flux: np.ndarray) -> np.ndarray:
    return np.stack([render(flux, name) for name in TYPES])


def from_frames(folder: Path, n: int) -> np.ndarray:
    ra, dec = np.transpose([place(i) for i in range(n)])
    return batched(cut_frames(open_field(folder, FIELD), ra, dec, SIZE).flux)


def seconds(function, *arguments) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def main(n: int) -> None:
    warnings.filterwarnings("ignore", message="invalid value")
    torch.set_num_threads(1)
    flux = cutouts(n)
    few = min(n, 20)
    apart = np.abs(batched(flux).astype(int) - one_by_one(flux)).max()
    times: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_frames(folder)
        source_cut(folder, few)
        for _ in range(ROUNDS):
            costs = (
                seconds(batched, flux) / n,
                seconds(from_frames, folder, n) / n,
                seconds(one_by_one, flux) / n,
                seconds(source_compose, folder, few) / few,
                seconds(source_way, folder, few) / few,
            )
            for name, cost in zip(NAMES, costs, strict=True):
                times[name].append(cost)
    best = {name: min(values) / len(TYPES) for name, values in times.items()}
    print(f"{n} objects of {SIZE} pixels, gri and urz")
    for name, cost in best.items():
        ours = best["batched, from frames" if name.endswith("from frames") else "batched"]
        print(f"{name:<25} {1 / cost:8.0f} pictures/s, {cost / ours:6.1f} x the time")
    print(f"largest difference from astropy: {apart} grey levels")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
