"""Draw the population of a block: the 1361 rows of a strip that are primary in one field."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.camera import draw_psfs
from skyclass.simulation.galaxies import GALAXY_SLOPE, draw_galaxies
from skyclass.simulation.psf import Psf
from skyclass.simulation.quasars import QUASAR_SLOPE, draw_quasars
from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.simulation.sky import Sky
from skyclass.simulation.sources import Sources, concatenate_sources
from skyclass.simulation.stars import (
    CLASS_SHARES,
    CLASSES,
    STAR_SLOPE,
    draw_degenerate_stars,
    draw_r_magnitudes,
    draw_stars,
)
from skyclass.simulation.strip import Strip
from skyclass.surveys.sdss.layout import BANDS, FRAME_SHAPE, PRIMARY_ROWS

__all__ = ["TASKS", "Block", "draw_block"]

TASKS: Final = ("spectral-class", "object-type")
"""Tasks whose labelled objects can be simulated."""

_OBJECT_SHARES: Final = np.array([0.4, 0.4, 0.2])
"""Share of stars, galaxies and quasars among the labelled objects of the task object-type."""

_STAR_LIMITS: Final = (14.0, 20.5)
"""Bright and faint limit in r of labelled stars with a spectral class (before extinction)."""

_EXTINCTION: Final = np.array([5.155, 3.793, 2.751, 2.086, 1.479])
"""Extinction in u g r i z per E(B-V), as in the tables of SDSS (Schlegel et al. 1998, ApJ 500, 525;
Stoughton et al. 2002)."""

_FIELD_STARS = 120
"""Stars with 14 < r < 22 per field: SDSS calibObj table of run 4510, camera column 4."""
_FIELD_GALAXIES = 150
"""Galaxies with 16 < r < 22 per field: half of those in the photoObj table of field
301-3900-6-269."""
_FIELD_QUASARS = 3
"""Quasars with 17 < r < 22 per field: about 90 per square degree (Croom et al. 2009, MNRAS 399,
1755, to g = 21.85)."""
_FIELD_SATURATED = 3
"""Stars with 11 < r < 14 per field; calibObj has 1.5 with 12 < r < 14."""
_FIELD_CLASS_SHARES: Final = np.array([0.0, 0.0, 0.025, 0.165, 0.21, 0.265, 0.335])
"""Classes of field stars: the g-i of the 1,331 stars of that calibObj table with 14 < r < 20,
corrected for extinction, divided halfway between the g-i of neighbouring classes; hotter ones
count as A."""

_MARGIN = 12.0
"""Columns outside the r frame up to which neighbours lie: bands are offset by up to 12 pixels."""
_EDGE = 8.0
"""Columns of the r frame's rim without labelled objects, so that their centres are on the frame in
all bands."""

_A_R_SCATTER = 0.005
_GOLDEN = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True)
class Block:
    """The sources of one block, and the atmosphere above it."""

    sources: Sources
    """All sources, labelled objects first."""
    n_labelled: int
    """Number of labelled objects, which the catalogue lists."""
    ra: NDArray[np.float64]
    """Right ascension of the sources in degrees."""
    dec: NDArray[np.float64]
    """Declination of the sources in degrees."""
    extinction: NDArray[np.float64]
    """Galactic extinction in u g r i z as catalogued; the magnitudes include the true one."""
    psfs: tuple[Psf, ...]
    """PSF in u g r i z."""

    def compute_fwhm(self) -> NDArray[np.float64]:
        """Compute the FWHM of the PSF in arcsec at each source, ``[n, 5]``."""
        place = self.sources.row, self.sources.column
        return np.stack([psf.compute_fwhm(*place) for psf in self.psfs], axis=-1)


def draw_block(seed: int, task: str, objects: int, strip: Strip, index: int, sky: Sky) -> Block:
    """Draw the sources of one block.

    Parameters
    ----------
    seed
        Seed of the survey.
    task
        One of `TASKS`.
    objects
        Number of labelled objects.
    strip, index
        The field in which the block is primary; index -1 is the block before the first field.
    sky
        Level of the sky.

    Returns
    -------
    Block
        Sources with reddened magnitudes, on the field's own zero points.
    """
    key = (strip.run, strip.camcol, index)
    rng = make_generator(seed, RandomStream.BLOCK, *key)
    psfs = draw_psfs(rng, seed, strip, index, sky)
    extinction_r = _draw_extinction_r(seed, strip, rng, sky.extinction_r)
    extinction = extinction_r / _EXTINCTION[2] * _EXTINCTION
    serial = (strip.first_serial + index) * objects
    labelled = make_generator(seed, RandomStream.LABELLED, *key)
    sources = concatenate_sources(
        _draw_labelled(labelled, task, objects, serial, sky),
        _draw_neighbours(make_generator(seed, RandomStream.NEIGHBOURS, *key), sky),
    )
    wcs = strip.make_wcs(index, BANDS.index("r"))
    ra, dec = wcs.wcs_pix2world(sources.column, sources.row, 0)
    night = make_generator(seed, RandomStream.CALIBRATION, *key)
    error = np.array(sky.zero_point) * night.standard_normal(len(BANDS))
    error += sky.extinction_error * night.standard_normal() * extinction
    reddened = replace(sources, magnitudes=sources.magnitudes + extinction + error)
    return Block(reddened, objects, ra, dec, extinction, psfs)


def _draw_extinction_r(
    seed: int, strip: Strip, rng: np.random.Generator, limits: tuple[float, float]
) -> float:
    """Draw the extinction in r: one value per strip, and a small deviation per block."""
    level = make_generator(seed, RandomStream.BLOCK, strip.run, strip.camcol, 0, 0).uniform(*limits)
    return float(level + np.clip(rng.normal(0.0, _A_R_SCATTER), -0.01, 0.01))


def _draw_labelled(
    rng: np.random.Generator, task: str, objects: int, serial: int, sky: Sky
) -> Sources:
    """Draw the labelled objects; `serial` is the number of those in the fields before."""
    # a golden-ratio sequence keeps the shares in every part of the survey
    even = np.mod((serial + np.arange(objects)) * _GOLDEN, 1.0)
    if task == "spectral-class":
        classes = np.searchsorted(np.cumsum(CLASS_SHARES)[:-1], even, "right")
        r = draw_r_magnitudes(rng, objects, *_STAR_LIMITS, STAR_SLOPE)
        return _draw_stars(rng, classes, r, -_EDGE, sky)
    kinds = np.searchsorted(np.cumsum(_OBJECT_SHARES)[:-1], even, "right")
    star_count, galaxy_count, quasar_count = np.bincount(kinds, minlength=3)
    star_limits, galaxy_limits, quasar_limits = sky.object_limits
    classes = rng.choice(len(CLASSES), size=star_count, p=CLASS_SHARES)
    galaxy_r = draw_r_magnitudes(rng, galaxy_count, *galaxy_limits, GALAXY_SLOPE)
    quasar_r = draw_r_magnitudes(rng, quasar_count, *quasar_limits, QUASAR_SLOPE)
    star_r = draw_r_magnitudes(rng, star_count, *star_limits, STAR_SLOPE)
    return concatenate_sources(
        _draw_mixed_stars(rng, classes, star_r, -_EDGE, sky),
        draw_galaxies(rng, galaxy_r, _draw_positions(rng, galaxy_count, -_EDGE)),
        _draw_quasars(rng, quasar_r, -_EDGE, sky),
    )


def _draw_stars(
    rng: np.random.Generator,
    classes: NDArray[np.intp],
    r: NDArray[np.float64],
    margin: float,
    sky: Sky,
) -> Sources:
    """Draw stars of the given classes."""
    return draw_stars(rng, classes, r, _draw_positions(rng, len(r), margin), sky.populations)


def _draw_mixed_stars(
    rng: np.random.Generator,
    classes: NDArray[np.intp],
    r: NDArray[np.float64],
    margin: float,
    sky: Sky,
) -> Sources:
    """Draw stars of the given classes, the last of which are white dwarfs and hot subdwarfs."""
    if sky.populations is None:
        return _draw_stars(rng, classes, r, margin, sky)
    count = round(len(r) * sky.populations.degenerates)
    kept = len(r) - count
    position = _draw_positions(rng, count, margin)
    return concatenate_sources(
        _draw_stars(rng, classes[:kept], r[:kept], margin, sky),
        draw_degenerate_stars(rng, r[kept:], position, sky.populations),
    )


def _draw_quasars(
    rng: np.random.Generator, r: NDArray[np.float64], margin: float, sky: Sky
) -> Sources:
    """Draw quasars."""
    return draw_quasars(rng, r, _draw_positions(rng, len(r), margin), sky.quasar_colours)


def _draw_neighbours(rng: np.random.Generator, sky: Sky) -> Sources:
    """Draw the unlabelled sources, bright stars first."""
    bright, faint, extended, distant = (
        int(rng.poisson(n))
        for n in (_FIELD_SATURATED, _FIELD_STARS, _FIELD_GALAXIES, _FIELD_QUASARS)
    )
    star_r = np.concatenate(
        [
            draw_r_magnitudes(rng, bright, 11.0, 14.0, STAR_SLOPE),
            draw_r_magnitudes(rng, faint, 14.0, 22.0, STAR_SLOPE),
        ]
    )
    classes = rng.choice(len(CLASSES), size=bright + faint, p=_FIELD_CLASS_SHARES)
    galaxy_r = draw_r_magnitudes(rng, extended, 16.0, 22.0, GALAXY_SLOPE)
    quasar_r = draw_r_magnitudes(rng, distant, 17.0, 22.0, QUASAR_SLOPE)
    return concatenate_sources(
        _draw_mixed_stars(rng, classes, star_r, _MARGIN, sky),
        draw_galaxies(rng, galaxy_r, _draw_positions(rng, extended, _MARGIN)),
        _draw_quasars(rng, quasar_r, _MARGIN, sky),
    )


def _draw_positions(
    rng: np.random.Generator, count: int, margin: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw rows of the block and columns up to `margin` outside the frame."""
    rows = rng.uniform(*PRIMARY_ROWS, count)
    return rows, rng.uniform(-margin, FRAME_SHAPE[1] - 1 + margin, count)
