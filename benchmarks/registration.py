"""Accuracy of registered bands on real fields, and the cost of registering them.

Usage: SKYCLASS_TEST_DATA=... python benchmarks/registration.py

Accuracy: isolated, unsaturated stars of the four real fields, detected in r. Centroids are sep's
windowed ones in g, r, i and z, fluxes are within 10 pixels. The last figure of each field is for g
corrected for the refraction of each star's colour, which is in the frame's astrometric table but
not in its header. Cost: the batched shift of five bands
against the forward pass of the compact network on the same cutouts in batches of 32, in turn, in
CPU time on one thread.
"""

import os
import time
from pathlib import Path

import numpy as np
import sep
import torch
from astropy.io import fits

from skyclass.images.align_bands import align_bands
from skyclass.images.cutout import cut_frames
from skyclass.measurement.detect import detect
from skyclass.models.registry import create_network
from skyclass.surveys.sdss.layout import Field, find_frame
from skyclass.surveys.sdss.reader import open_field

FIELDS = (
    Field(301, 4510, 4, 30),
    Field(301, 3918, 3, 213),
    Field(301, 1992, 1, 87),
    Field(301, 2583, 2, 136),
)
SIZE = 64
MIDDLE = (SIZE - 1) / 2
FAINTEST, BRIGHTEST = 15, 1500  # nanomaggies: magnitudes 19.6 and 14.6
ISOLATION = 25  # pixels to the next source
APERTURE = 10.0


def isolated(frames) -> tuple[np.ndarray, np.ndarray]:
    """Cut the isolated stars of a field."""
    sources = detect(frames[2])
    x, y = sources["x"].to_numpy(), sources["y"].to_numpy()
    apart = np.sort(np.hypot(x[:, None] - x, y[:, None] - y), axis=1)[:, 1]
    inside = (x > 40) & (x < 2008) & (y > 40) & (y < 1449)
    kept = sources[(apart > ISOLATION) & inside]
    cut = cut_frames(frames, kept["ra"].to_numpy(), kept["dec"].to_numpy(), SIZE)
    flux = fluxes(cut.flux, cut.offset)
    good = (flux.min(axis=1) > FAINTEST) & (flux.max(axis=1) < BRIGHTEST)
    small = fluxes(cut.flux, cut.offset, 3.0)[:, 1] / flux[:, 1]
    good &= small > 0.7  # no galaxies
    return cut.flux[good], cut.offset[good]


def each(images: np.ndarray, offset: np.ndarray):
    """Return every star's image in g, r, i, z and the position of its object in it."""
    for one, places in zip(images, offset, strict=True):
        for band in range(1, 5):
            y, x = MIDDLE + places[band]
            yield np.ascontiguousarray(one[band]), [float(x)], [float(y)]


def fluxes(images: np.ndarray, offset: np.ndarray, radius: float = APERTURE) -> np.ndarray:
    sums = [sep.sum_circle(i, x, y, radius, subpix=0)[0][0] for i, x, y in each(images, offset)]
    return np.reshape(sums, (-1, 4))


def places(images: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Measure the centroids in g, r, i, z, `[n, 4, 2]` in x and y."""
    positions = [sep.winpos(i, x, y, [1.5])[:2] for i, x, y in each(images, offset)]
    return np.reshape(positions, (-1, 4, 2)) - MIDDLE


def distances(centroids: np.ndarray) -> np.ndarray:
    """Compute the distances of the centroids in g, i, z from that in r, `[n, 3]`."""
    return np.linalg.norm(centroids - centroids[:, [1]], axis=2)[:, [0, 2, 3]]


def apart(centroids: np.ndarray) -> np.ndarray:
    """Compute the median distance of g, i, z from r, and that of all three."""
    distance = distances(centroids)
    return np.append(np.median(distance, axis=0), np.median(distance)).round(3)


def unrefracted(root: Path, field: Field, centroids: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Correct the centroids in g for the refraction of the stars' colours.

    The frame's astrometric table (data model page of the frames, asTrans) holds rows and columns
    per magnitude of g-r up to RICUT, and a constant beyond.
    """
    table = fits.getdata(find_frame(root, field, "g"), 3)[0]
    colour = -2.5 * np.log10(flux[:, 0] / flux[:, 1])
    out = centroids.copy()
    for axis, name in enumerate(("COL", "ROW")):
        slope, most = table[f"CS{name}"], table[f"CC{name}"]
        out[:, 0, axis] += np.where(colour < table["RICUT"], slope * colour, most)
    return out


def moved(images: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return align_bands(torch.tensor(images), torch.tensor(offset)).numpy()


def accuracy(root: Path) -> None:
    print("median pixels between the centroids in r and in g, i, z, and over all three:")
    every = []
    for field in FIELDS:
        images, offset = isolated(open_field(root, field))
        after, still = moved(images, offset), np.zeros_like(offset)
        as_cut, registered = places(images, offset), places(after, still)
        flux = fluxes(images, offset)
        change = np.abs(fluxes(after, still) / flux - 1)
        every.append(distances(registered))
        print(
            f"{field}: {len(images)} stars; as cut {apart(as_cut)}, registered {apart(registered)},"
            f" error of the header's coordinates alone {apart(as_cut - offset[:, 1:, ::-1])}; flux"
            f" changed by {100 * np.median(change):.2f} % (median), {100 * change.max():.2f} %"
            f" (most); less refraction {apart(unrefracted(root, field, registered, flux))}"
        )
    whole = np.concatenate(every)
    print(
        f"all {len(whole)} stars, registered: {np.median(whole, axis=0).round(3)},"
        f" {np.median(whole):.3f}"
    )


def cost(n: int = 256, rounds: int = 7) -> None:
    images, offset = torch.randn(n, 5, SIZE, SIZE), torch.rand(n, 5, 2) - 0.5
    network = create_network("compact", 5, 7).eval().to(memory_format=torch.channels_last)
    torch.set_num_threads(1)
    times: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        for _ in range(rounds):
            for taken, function in zip(
                times,
                (
                    lambda: align_bands(images, offset),
                    lambda: [network(p) for p in images.split(32)],
                ),
                strict=True,
            ):
                start = time.process_time()
                function()
                taken.append(time.process_time() - start)
    one, other = (1e3 * min(taken) for taken in times)
    print(f"{n} cutouts: shift {one:.1f} ms, network {other:.1f} ms, share {one / other:.3f}")


if __name__ == "__main__":
    accuracy(Path(os.environ["SKYCLASS_TEST_DATA"]) / "sdss" / "frames")
    cost()
