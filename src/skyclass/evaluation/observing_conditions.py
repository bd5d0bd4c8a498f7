"""Observing conditions of objects: noise, neighbours and seeing, measured on their cutouts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import pandas as pd
import sep
from numpy.typing import NDArray

from skyclass.images.stored_cutouts import CutoutSplit

__all__ = ["CROWDING_RADIUS", "choose_crowding_radius", "measure_conditions"]

CROWDING_RADIUS: Final = 10.0
"""Radius in arcsec within which neighbours are counted, if the cutouts reach as far."""

_APERTURE: Final = 4.0  # pixels (1.6 arcsec): near the best signal-to-noise of a point source
_SKY: Final = 12.0  # pixels from the object beyond which the sky is measured
_DETECTION: Final = 3.0  # detection threshold of a neighbour, in sky noise per pixel
_LEAST_PIXELS: Final = 5  # of a neighbour
_OWN: Final = 3.0  # pixels within which a detection is the object itself
_BRIGHT: Final = 20.0  # least signal-to-noise of objects whose width enters the seeing
_STAMP: Final = 12  # half a side, in pixels, of the stamp for second moments
_ITERATIONS: Final = 20
_VARIANCES: Final = (0.3, 36.0)  # square pixels: FWHM of 0.5 to 5.6 arcsec
_FWHM: Final = 2.0 * np.sqrt(2.0 * np.log(2.0))  # of a Gaussian, in standard deviations
_BATCH: Final = 256


def choose_crowding_radius(size: int, pixel_scale: float) -> float:
    """Choose the radius within which neighbours are counted.

    Parameters
    ----------
    size
        Side of the cutouts in pixels.
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    float
        In arcsec: `CROWDING_RADIUS`, or half a side if that is less.
    """
    return min(CROWDING_RADIUS, size / 2 * pixel_scale)


def measure_conditions(
    cutouts: CutoutSplit, fields: "pd.Series[str]", band: int, pixel_scale: float
) -> dict[str, NDArray[np.float64]]:
    """Measure noise, neighbours and seeing of each object in one band.

    `snr_r` is the flux within 4 pixels over the noise of the sky in that aperture; it leaves out
    the object's own photon noise, so it is too high for bright objects. `crowding` counts the other
    sources (5 pixels above 3 times the noise) within `choose_crowding_radius`, catalogued or not.
    `seeing` is one value per field: the lower quartile of the widths of its objects with a
    signal-to-noise of 20 or more, so that galaxies among them matter little. A width is the FWHM
    of the best-fitting Gaussian, by adaptive moments (Bernstein & Jarvis 2002, AJ 123, 583).

    Parameters
    ----------
    cutouts
        Split of `n` objects, in nanomaggies.
    fields
        Field of each object, `[n]`; an object without one is a field of its own.
    band
        Index of the band on the band axis, r of SDSS.
    pixel_scale
        Arcsec per pixel of the cutouts.

    Returns
    -------
    dict
        `snr_r`, `crowding` and `seeing` (arcsec), `[n]` each; NaN where not measurable.
    """
    offsets = cutouts.offsets()[:, band].astype(np.float64)
    parts = []
    for start in range(0, len(cutouts), _BATCH):
        rows = np.arange(start, min(start + _BATCH, len(cutouts)))
        parts.append(_measure(cutouts.take(rows)[:, band], offsets[rows], pixel_scale))
    snr, crowding, width = np.concatenate(parts, axis=1)
    widths = pd.Series(np.where(snr >= _BRIGHT, width, np.nan))
    names = fields.reset_index(drop=True).astype("string")
    single = pd.Series(np.arange(len(names)), dtype="string")
    seeing = widths.groupby(names.fillna(single)).transform(lambda values: values.quantile(0.25))
    return {"snr_r": snr, "crowding": crowding, "seeing": seeing.to_numpy(np.float64)}


def _measure(
    images: NDArray[np.float32], offset: NDArray[np.float64], pixel_scale: float
) -> NDArray[np.float64]:
    """Measure signal-to-noise, neighbours and width of one batch, `[3, n]`."""
    distance = _measure_distances(images.shape[-1], offset)
    # pixels without measurement are stored as zero
    outer = np.where((distance > _SKY) & (images != 0), images, np.nan)
    sky, noise = _estimate_sky(outer.reshape(len(images), -1))
    clean = images - sky[:, None, None].astype(np.float32)
    weight = np.clip(_APERTURE + 0.5 - distance, 0, 1)
    noise_inside = noise * np.sqrt((weight**2).sum(axis=(1, 2)))
    snr = (clean * weight).sum(axis=(1, 2)) / noise_inside
    radius = choose_crowding_radius(images.shape[-1], pixel_scale) / pixel_scale
    with _use_small_stack(2 * images[0].size):
        neighbours = [
            _count_neighbours(*each, radius) for each in zip(clean, offset, noise, strict=True)
        ]
    return np.stack([snr, np.array(neighbours), pixel_scale * _measure_widths(clean, distance)])


@contextmanager
def _use_small_stack(pixels: int) -> Iterator[None]:
    """Let sep hold so many pixels of sources; a frame's many would be cleared at every call."""
    former = sep.get_extract_pixstack()
    sep.set_extract_pixstack(pixels)
    try:
        yield
    finally:
        sep.set_extract_pixstack(former)


def _measure_distances(size: int, offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the distance of every pixel from the object, `[n, y, x]`."""
    axis = np.arange(size) - (size - 1) / 2
    dy = axis[None, :, None] - offset[:, 0, None, None]
    dx = axis[None, None, :] - offset[:, 1, None, None]
    return np.asarray(np.hypot(dy, dx))


def _estimate_sky(pixels: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate level and noise of the sky, from median and median deviation of `[n, m]` pixels."""
    known = np.isfinite(pixels).any(axis=1)
    level, noise = np.full((2, len(pixels)), np.nan)
    level[known] = np.nanmedian(pixels[known], axis=1)
    deviation = np.abs(pixels[known] - level[known, None])
    noise[known] = 1.4826 * np.nanmedian(deviation, axis=1)
    return level, np.where(noise > 0, noise, np.nan)


def _count_neighbours(
    image: NDArray[np.float32], offset: NDArray[np.float64], noise: float, radius: float
) -> float:
    """Count the sources around an object."""
    if not np.isfinite(noise):
        return float("nan")
    sources = sep.extract(np.ascontiguousarray(image), _DETECTION * noise, minarea=_LEAST_PIXELS)
    middle = (image.shape[-1] - 1) / 2
    distance = np.hypot(sources["y"] - middle - offset[0], sources["x"] - middle - offset[1])
    return float(np.count_nonzero((distance <= radius) & (distance > _OWN)))


def _measure_widths(
    images: NDArray[np.float32], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure the FWHM of the best-fitting round Gaussian of each image, in pixels.

    Weighted with a Gaussian of variance s, a Gaussian image of variance v has a mean squared
    distance m of 2 v s / (v + s); v is taken for the next s until both agree.
    """
    middle = images.shape[-1] // 2
    inside = np.s_[:, max(0, middle - _STAMP) : middle + _STAMP]
    flux = images[inside].transpose(0, 2, 1)[inside]
    square = distance[inside].transpose(0, 2, 1)[inside] ** 2
    variance = np.full(len(images), 4.0)
    for _ in range(_ITERATIONS):
        weighted = flux * np.exp(-square / (2.0 * variance[:, None, None]))
        total = weighted.sum(axis=(1, 2))
        mean = np.divide(
            (weighted * square).sum(axis=(1, 2)),
            total,
            out=np.full(len(images), np.nan),
            where=total > 0,
        )
        inverse = np.where(mean > 0, 2.0 / mean, np.nan) - 1.0 / variance
        variance = np.clip(1.0 / np.where(inverse > 0, inverse, np.nan), *_VARIANCES)
    return np.asarray(_FWHM * np.sqrt(variance))
