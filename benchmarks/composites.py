"""Composites in batches against astropy's, image by image, and the source system's way.

Usage: python benchmarks/composites.py [OBJECTS]

All draw the same `gri` and `urz` pictures. The source system's way (its appendices B.4 and B.5)
opens the frame for each star and band, cuts with Cutout2D and writes a FITS file, then reads
three of these for each picture, resizes, stretches and composes them and saves a PNG; both the
whole and its second half are timed. Each has one thread and is timed several times in turn; the
shortest counts.
Needs matplotlib and scikit-image.
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

from skyclass.images import render
from skyclass.survey import BANDS

SIZE = 64
TYPES = ("gri", "urz")
ROUNDS = 5
NAMES = ("batched", "astropy, one by one", "source, from frames", "source, from its cutouts")


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
        fits.writeto(folder / f"{band}.fits", pixels, wcs.to_header())


def source_cut(folder: Path, n: int) -> None:
    """Cut as the source system does: the frame is opened for each star and band."""
    for i in range(n):
        for band in BANDS:
            with fits.open(folder / f"{band}.fits") as file:
                wcs = WCS(file[0].header)
                place = SkyCoord(10 * units.deg, 0.001 * i * units.deg)
                cut = Cutout2D(file[0].data, place, (SIZE, SIZE), wcs=wcs)
                out = fits.PrimaryHDU(cut.data, cut.wcs.to_header())
                out.writeto(folder / f"{i}_{band}.fits", overwrite=True)


def source_compose(folder: Path, n: int) -> None:
    """Compose each picture from files, as the source system does."""
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


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


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
        for _ in range(ROUNDS):
            costs = (
                seconds(batched, flux) / n,
                seconds(one_by_one, flux) / n,
                seconds(source_way, folder, few) / few,
                seconds(source_compose, folder, few) / few,
            )
            for name, cost in zip(NAMES, costs, strict=True):
                times[name].append(cost)
    best = {name: min(values) / len(TYPES) for name, values in times.items()}
    print(f"{n} objects of {SIZE} pixels, gri and urz")
    for name, cost in best.items():
        print(f"{name:<25} {1 / cost:8.0f} pictures/s, {cost / best['batched']:6.1f} x the time")
    print(f"largest difference from astropy: {apart} grey levels")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
