"""How the accuracy of a saved model changes with the night, the neighbours and what is missing.

Usage: python benchmarks/robustness.py EXPERIMENT [OBJECTS]

EXPERIMENT is the directory of an experiment on simulated (or other) frames. Its test cutouts, 600
by default, are changed one way at a time, measured again on their own pixels, and classified.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from skyclass.evaluation.intervals import wilson_interval
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.surveys.registry import get_survey
from skyclass.surveys.sdss.layout import BANDS

EXTINCTION = (4.24, 3.30, 2.29, 1.70, 1.26)
"""A / E(B-V) in u g r i z for SDSS (Schlafly & Finkbeiner 2011, ApJ 737, 103, table 6)."""
SIGMA = 2.3548
"""FWHM of a Gaussian in its standard deviations."""


@dataclass(frozen=True)
class Sky:
    """Cutouts `[n, band, y, x]`, offsets of their objects `[n, band, 2]`, seeing `[n, band]`."""

    flux: NDArray[np.float32]
    offset: NDArray[np.float32]
    seeing: NDArray[np.float64]
    noise: NDArray[np.float64]
    scale: float

    def add_noise(self, sigma: NDArray[np.float64]) -> "Sky":
        """Add white noise of a standard deviation per pixel, `[n, band]`."""
        drawn = np.random.default_rng(1).normal(size=self.flux.shape)
        return replace(self, flux=(self.flux + drawn * sigma[..., None, None]).astype(np.float32))


def blur(sky: Sky, fwhm: float) -> Sky:
    """Widen the PSF to a FWHM in arcsec where it is smaller; the sky keeps its noise."""
    width = np.sqrt(np.clip(fwhm**2 - sky.seeing**2, 0, None)) / SIGMA / sky.scale
    flux = sky.flux.copy()
    lost = np.zeros(sky.noise.shape)
    for index in np.argwhere(width > 0.2):
        place, s = tuple(index), width[tuple(index)]
        flux[place] = gaussian_filter(sky.flux[place], s)
        # smoothed white noise has a variance of 1 / (4 pi s^2) of its own
        lost[place] = sky.noise[place] * np.sqrt(max(0.0, 1 - 1 / (4 * np.pi * s**2)))
    return replace(sky, flux=flux).add_noise(lost)


def raise_noise(sky: Sky, factor: float) -> Sky:
    """Multiply the noise of the sky."""
    return sky.add_noise(sky.noise * np.sqrt(factor**2 - 1))


def crowd(sky: Sky, distance: float) -> Sky:
    """Add another object's cutout to each, at a distance in arcsec."""
    pixels = round(distance / sky.scale)
    other = np.roll(sky.flux[::-1], pixels, axis=-1)
    return replace(sky, flux=sky.flux + other)


def redden(sky: Sky, magnitudes_r: float) -> Sky:
    """Dim each band by dust of an extinction in r, which the model is not told."""
    dimming = 10 ** (-0.4 * magnitudes_r * np.array(EXTINCTION) / EXTINCTION[2])
    return replace(sky, flux=sky.flux * dimming[:, None, None].astype(np.float32))


def remove_band(sky: Sky, band: int) -> Sky:
    """Take the pixels of a band away."""
    flux = sky.flux.copy()
    flux[:, band] = 0
    return replace(sky, flux=flux)


def misregister(sky: Sky, pixels: float) -> Sky:
    """Move the pixels of g and i, in opposite directions, and not what is said of them."""
    flux = sky.flux.copy()
    for band, sign in ((1, 1), (3, -1)):
        flux[:, band] = shift(flux[:, band], (0, sign * pixels, 0), order=3)
    return replace(sky, flux=flux)


def miscalibrate(sky: Sky, error: float) -> Sky:
    """Make u and g brighter, i and z fainter."""
    factor = 1 + error * np.array([1, 1, 0, -1, -1])
    return replace(sky, flux=sky.flux * factor[:, None, None].astype(np.float32))


CHANGES = {
    **{f"seeing widened to {x:g} arcsec": partial(blur, fwhm=x) for x in (1.5, 2.0, 2.5)},
    **{f"noise of the sky times {x}": partial(raise_noise, factor=x) for x in (2, 4)},
    **{f"another object at {x} arcsec": partial(crowd, distance=x) for x in (12, 6, 3)},
    **{
        f"extinction in r of {x:g} mag, not told": partial(redden, magnitudes_r=x)
        for x in (0.1, 0.3, 0.6)
    },
    **{f"without {name}": partial(remove_band, band=k) for k, name in enumerate(BANDS)},
    **{
        f"g and i moved apart, each by {x:g} pixels": partial(misregister, pixels=x)
        for x in (0.25, 0.5)
    },
    **{
        f"zero points off by {x:.0%} (u g up, i z down)": partial(miscalibrate, error=x)
        for x in (0.01, 0.02, 0.05)
    },
}
"""Ways to change cutouts, by name."""


def read_sky(experiment: Path, count: int) -> tuple[Sky, NDArray[np.int64]]:
    """Read test objects; return them and their labels."""
    stored = open_cutouts(experiment / "cutouts")
    split, survey = stored["test"], get_survey(stored.info.survey)
    rows = np.sort(np.random.default_rng(0).permutation(len(split))[:count])
    flux, offset = split.take(rows), split.offsets()[rows]
    measured = measure_cutouts(flux, offset, survey)
    seeing = np.asarray(measured.psf_fwhm, np.float64)
    noise = np.asarray(measured.sky_noise, np.float64)
    return Sky(flux, offset, seeing, noise, survey.pixel_scale), split.label[rows]


def classify(model: Predictor, sky: Sky) -> NDArray[np.int64]:
    """Measure and classify cutouts, `[n]`."""
    measured = None
    if model.spec.measured:
        mask = np.broadcast_to((sky.flux == 0).all(axis=(2, 3), keepdims=True), sky.flux.shape)
        survey = get_survey(model.spec.survey)
        found = measure_cutouts(sky.flux, sky.offset, survey, mask=mask)
        measured = make_measured_inputs(found, model.spec)
    shares = model.probabilities(sky.flux, sky.offset, measured=measured)
    return np.asarray(shares.argmax(axis=1), dtype=np.int64)


def measure(experiment: Path, count: int = 600) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Classify the objects changed in each way; yield what was done and which are right."""
    model = load_predictor(experiment / "model")
    sky, label = read_sky(experiment, count)
    yield "as they are", classify(model, sky) == label
    for name, change in CHANGES.items():
        yield name, classify(model, change(sky)) == label


def print_table(experiment: Path, count: int = 600) -> None:
    """Print the accuracies as a table."""
    print("| test objects | right | 95 % interval |\n|---|---|---|")
    for name, right in measure(experiment, count):
        low, high = wilson_interval(int(right.sum()), len(right))
        print(f"| {name} | {right.mean():.1%} | {low:.1%} to {high:.1%} |", flush=True)


if __name__ == "__main__":
    print_table(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
