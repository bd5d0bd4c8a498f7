"""Draw galaxies: redshifts, colours, sizes and shapes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.colour_tables import COLOURS, SPREADS, add_colours, interpolate_table
from skyclass.simulation.sources import SourceKind, Sources, make_sources

__all__ = ["BULGE_RADIUS", "GALAXY_SLOPE", "draw_galaxies"]

GALAXY_SLOPE: Final = 0.46
"""Slope of log10 N per magnitude: 3,606 galaxies with 14.5 < r < 17.25 among 10,000 SDSS objects
with spectra (Yasuda et al. 2001, AJ 122, 1104, find 0.6 when bright and less when faint)."""

_RADIUS_R: Final = (14.0, 16.5, 18.5, 19.5, 21.0, 22.0)
_RADIUS: Final = (5.0, 2.6, 1.6, 0.95, 0.9, 0.8)
"""Median exponential-fit half-light radius (arcsec) by r magnitude: THETA_EXP of the photoObj table
of field 301-3900-6-269; at r < 17 after Shen et al. (2003, MNRAS 343, 978)."""

_RADIUS_SCATTER: Final = 0.45
"""Scatter of the natural logarithm of the radius (Shen et al. 2003 find 0.3 to 0.5)."""

BULGE_RADIUS: Final = 0.5
"""Half-light radius of the bulge over that of the disc; assumed."""

_OWN_SCATTER: Final = np.array([0.10, 0.05, 0.03, 0.03])
"""Scatter of u-g, g-r, r-i, i-z off the blue-to-red sequence: what remains of the scatter of those
4,933 galaxies after the correlations of 0.6 to 0.9 between their colours."""


def draw_galaxies(
    rng: np.random.Generator,
    r: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Sources:
    """Draw galaxies with the given r magnitudes: a bulge in a disc, of the same colour and shape.

    Parameters
    ----------
    rng
        Source of randomness.
    r
        Unreddened r magnitudes, ``[n]``.
    position
        Rows and columns, ``[n]`` each.

    Returns
    -------
    Sources
        Galaxies with unreddened magnitudes. Axis ratios are uniform from 0.3 to 1 (AB_EXP of that
        photoObj table: 0.46, 0.64, 0.87 at the 16th, 50th and 84th percentile); bulge fractions
        from 0 to 1 (its FRACDEV has a mean of 0.5).
    """
    count = len(r)
    redshift = _draw_redshifts(rng, r)
    radius = np.interp(r, _RADIUS_R, _RADIUS) * rng.lognormal(0.0, _RADIUS_SCATTER, count)
    disc = np.clip(radius, 0.4, 8.0)
    return make_sources(
        SourceKind.GALAXY,
        add_colours(r, _draw_colours(rng, redshift)),
        redshift,
        position,
        disc_radius=disc,
        bulge_radius=BULGE_RADIUS * disc,
        bulge_fraction=rng.random(count),
        axis_ratio=rng.uniform(0.3, 1.0, count),
        angle=rng.uniform(0.0, np.pi, count),
    )


def _draw_redshifts(rng: np.random.Generator, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw redshifts: median 0.074 at r = 16.7, scatter 0.2 dex, as those 4,933 galaxies have.

    Among those the median hardly depends on r, as nearly all are bright; here it rises by 0.13 dex
    a magnitude, assumed, to reach 0.36 at r 22.
    """
    median = 0.074 * 10.0 ** (0.13 * (r - 16.7))
    return np.asarray(np.clip(median * 10.0 ** rng.normal(0.0, 0.2, len(r)), 0.005, 0.8))


def _draw_colours(rng: np.random.Generator, redshift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw colours ``[n, 4]``: the median at the redshift, scattered along and off the sequence."""
    median = interpolate_table("galaxy_colours", "redshift", redshift, COLOURS)
    along = interpolate_table("galaxy_colours", "redshift", redshift, SPREADS)
    sequence = rng.standard_normal((len(redshift), 1))
    own = rng.standard_normal(median.shape)
    return np.asarray(median + along * sequence + _OWN_SCATTER * own)
