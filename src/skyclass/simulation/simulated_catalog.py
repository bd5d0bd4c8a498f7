"""Make the catalogue of labelled objects, with the columns of SpecPhotoAll."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.photometry import (
    POGSON,
    propagate_asinh_error,
    to_asinh_magnitude,
    to_flux,
)
from skyclass.simulation.camera import GAIN, Camera
from skyclass.simulation.painter import Painter, make_shapes
from skyclass.simulation.population import Block
from skyclass.simulation.psf import Psf
from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.simulation.sky import Sky
from skyclass.simulation.sources import SourceKind, Sources
from skyclass.simulation.strip import Strip
from skyclass.surveys.sdss.layout import BANDS, PIXEL_SCALE, SOFTENING, Field

__all__ = ["MAX_OBJECTS", "WeighSources", "make_field_catalog", "weigh_by_drawing"]

MAX_OBJECTS: Final = 1000
"""A field has one spectroscopic plate, which has 1,000 fibres (Smee et al. 2013, AJ 146, 32)."""

_R: Final = BANDS.index("r")
_SKY_VERSION: Final = 2
_GALAXY_LIMIT: Final = 0.145
"""psfMag - cModelMag in r above which the survey calls an object extended (Stoughton et al.
2002)."""

_MODEL_SCATTER: Final = 0.3
"""Scatter between the flux of the best model and that of the PSF, over the error of the latter."""

_PLATES: Final = 16_000
_FIRST_PLATE: Final = 266
_PLATE_STEP: Final = 7919
_FIRST_MJD: Final = 52_000
_LEAST_SIGNAL: Final = 1.5
_SMALL_DELTA_CHI2: Final = 4
"""Bit of zWarning: another template fits about as well (Bolton et al. 2012, AJ 144, 144)."""


_BLEND = 0.8
"""Separation over the FWHM below which two sources are one to the pipeline."""

_PSF_REACH = 3.0
"""Separation over the FWHM beyond which neighbours do not matter."""

WeighSources = Callable[[tuple[Psf, ...], Sources, NDArray[np.float64]], NDArray[np.float64]]
"""Computes the fraction ``[n, 5]`` of the light of sources that a fit of the PSF measures, from the
PSFs in u g r i z, the sources and the FWHM at them ``[n, 5]``."""


def make_field_catalog(
    seed: int,
    strip: Strip,
    index: int,
    cameras: tuple[Camera, ...],
    block: Block,
    sky: Sky,
    weigh: WeighSources,
) -> pd.DataFrame:
    """Make the catalogue of a field's labelled objects.

    Fluxes are on average those of a photometric pipeline: true fluxes, of which PSF photometry
    measures a fraction where an object is extended, with errors drawn from the noise of sky and
    source under the PSF. They are not measured on the frames; light of neighbours is added as
    deblending leaves it, where the level of the sky asks for it.

    Parameters
    ----------
    seed
        Seed of the survey.
    strip, index
        The field.
    cameras
        The five bands.
    block
        Sources of the field.
    sky
        Level of the sky.
    weigh
        How much of an extended source's light PSF photometry measures.

    Returns
    -------
    pandas.DataFrame
        One row per object. Magnitudes are asinh magnitudes, not corrected for extinction.
    """
    objects = block.sources.take_first(block.n_labelled)
    rng = make_generator(seed, RandomStream.MEASUREMENT, strip.run, strip.camcol, index)
    psf, error, model_r = _measure(rng, cameras, block, sky, weigh)
    magnitude = to_asinh_magnitude(psf, np.array(SOFTENING))
    magnitude_error = propagate_asinh_error(psf, error, np.array(SOFTENING))
    key = strip.make_key(index)
    extended = magnitude[:, _R] - model_r > _GALAXY_LIMIT
    signal = _compute_spectral_signal(to_flux(objects.magnitudes)[:, BANDS.index("g")])
    return pd.DataFrame(
        _make_spectroscopic_columns(strip.first_serial + index, objects, key, signal)
        | {"type": np.where(extended, 3, 6), "ra": block.ra[: len(objects)].round(9)}
        | {"dec": block.dec[: len(objects)].round(9)}
        | {"rerun": key.rerun, "run": key.run, "camcol": key.camcol, "field": key.field}
        | {f"psfMag_{b}": magnitude[:, i].round(5) for i, b in enumerate(BANDS)}
        | {f"psfMagErr_{b}": magnitude_error[:, i].round(6) for i, b in enumerate(BANDS)}
        | {"cModelMag_r": model_r.round(5)}
        | {f"extinction_{b}": block.extinction[i].round(5) for i, b in enumerate(BANDS)}
        | {"mode": 1, "clean": 1, "sciencePrimary": 1, "snMedian": signal.round(3)}
    )


def weigh_by_drawing(
    psfs: tuple[Psf, ...], sources: Sources, fwhm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute what PSF photometry measures of sources by drawing them with GalSim.

    Parameters
    ----------
    psfs
        PSF in u g r i z.
    sources
        Sources, ``[n]``.
    fwhm
        FWHM at them in arcsec, ``[n, 5]``.

    Returns
    -------
    numpy.ndarray
        Fraction of their light, ``[n, 5]``.
    """
    shapes = make_shapes(sources)
    weights = [
        Painter(psf, 1.0).compute_psf_weights(shapes, width)
        for psf, width in zip(psfs, fwhm.T, strict=True)
    ]
    return np.stack(weights, axis=-1)


def _measure(
    rng: np.random.Generator,
    cameras: tuple[Camera, ...],
    block: Block,
    sky: Sky,
    weigh: WeighSources,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw PSF fluxes and their errors in nanomaggies ``[n, 5]``, and cModelMag in r."""
    objects = block.sources.take_first(block.n_labelled)
    total = to_flux(objects.magnitudes)
    fwhm = block.compute_fwhm()[: len(objects)]
    weight = weigh(block.psfs, objects, fwhm)
    expected = total * weight
    error = np.sqrt(_compute_variance(expected, cameras, block.psfs, fwhm))
    noise = error * rng.standard_normal(error.shape)
    own = _MODEL_SCATTER * error[:, _R] * rng.standard_normal(len(objects))
    if any(sky.photometry_floor):
        floor = rng.standard_normal(error.shape) * np.array(sky.photometry_floor) / POGSON
        noise += floor * expected
    if sky.deblending:
        noise += _draw_neighbour_light(rng, block, fwhm, sky.deblending)
    model = total[:, _R] + (noise[:, _R] + own) / weight[:, _R]
    return expected + noise, error, to_asinh_magnitude(model, SOFTENING[_R])


def _draw_neighbour_light(
    rng: np.random.Generator, block: Block, fwhm: NDArray[np.float64], deblending: float
) -> NDArray[np.float64]:
    """Draw the light of neighbours in the PSF fluxes of the labelled objects, ``[n, 5]``.

    That of a neighbour too close to be told apart is measured whole, through the PSF; of others
    deblending leaves a part, of either sign.
    """
    sources, count = block.sources, len(fwhm)
    reach = _PSF_REACH * fwhm.max() / PIXEL_SCALE
    near = np.abs(sources.row[:count, None] - sources.row) < reach
    near &= np.abs(sources.column[:count, None] - sources.column) < reach
    near[np.arange(count), np.arange(count)] = False
    one, other = np.nonzero(near)
    rows, columns = sources.row, sources.column
    apart = PIXEL_SCALE * np.hypot(rows[one] - rows[other], columns[one] - columns[other])
    ratio = apart[:, None] / fwhm[one]
    # overlap of two Gaussian profiles of this FWHM
    overlap = np.exp(-2.0 * np.log(2.0) * ratio**2)
    left = deblending * rng.standard_normal((len(one), 1))
    share = overlap * np.where(ratio[:, [_R]] < _BLEND, 1.0, left)
    light = np.zeros((count, len(BANDS)))
    np.add.at(light, one, share * to_flux(sources.magnitudes[other]))
    return light


def _compute_variance(
    flux: NDArray[np.float64],
    cameras: tuple[Camera, ...],
    psfs: tuple[Psf, ...],
    fwhm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Compute the variance of PSF fluxes, from the sky under the PSF and the source's photons."""
    area = [psf.compute_noise_area(width) for psf, width in zip(psfs, fwhm.T, strict=True)]
    pixel = np.array([camera.pixel_noise for camera in cameras])
    photon = np.array([camera.nanomaggies_per_count for camera in cameras]) / np.array(GAIN)
    return np.asarray(np.stack(area, axis=-1) * pixel**2 + flux * photon)


def _compute_spectral_signal(flux_g: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute a spectrum's median signal-to-noise: the root of the flux, and 4 at g = 20.2.

    Stoughton et al. (2002) ask for a square of 15 at that magnitude.
    """
    return np.asarray(4.0 * np.sqrt(flux_g / to_flux(20.2)))


def _make_spectroscopic_columns(
    serial: int, objects: Sources, key: Field, signal: NDArray[np.float64]
) -> dict[str, NDArray[np.generic] | int | list[str]]:
    """Make the ids and the columns of the spectrum; `serial` is the field's number."""
    number = np.arange(1, len(objects) + 1, dtype=np.uint64)
    plate = _FIRST_PLATE + (serial + 1) * _PLATE_STEP % _PLATES
    # plates of a second and third round differ in their date
    mjd = _FIRST_MJD + plate // 4 + serial // _PLATES * 5000
    return {
        "objid": _make_objid(key) + number,
        "specobjid": np.uint64((plate << 50) + (mjd - 50_000 << 24)) + (number << np.uint64(38)),
        "class": [SourceKind(k).name for k in objects.kind],
        "subclass": objects.subclass,
        "plate": plate,
        "mjd": mjd,
        "fiberid": number,
        "redshift": objects.redshift.round(7),
        "zWarning": np.where(signal < _LEAST_SIGNAL, _SMALL_DELTA_CHI2, 0),
    }


def _make_objid(key: Field) -> np.uint64:
    """Compute the photometric id of a field's object number 0 (bits as on https://www.sdss4.org/dr17/help/glossary)."""
    bits = (_SKY_VERSION << 59) | (key.rerun << 48) | (key.run << 32)
    return np.uint64(bits | (key.camcol << 29) | (key.field << 16))
