"""Vary the colours of stars: metallicity, giants, horizontal branch, binaries, degenerate stars."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.photometry import to_flux, to_magnitude
from skyclass.simulation.colour_tables import COLOURS, add_colours, interpolate_table
from skyclass.simulation.sky import Populations

__all__ = ["draw_degenerate_colours", "draw_metallicity", "vary_stars"]

_DISC_METALLICITY: Final = (-0.6, 0.2)
_HALO_METALLICITY: Final = (-1.46, 0.3)
"""Mean and scatter of [Fe/H] of disc and halo (Ivezic et al. 2008, ApJ 684, 287)."""

_ULTRAVIOLET_EXCESS: Final = 0.22
"""Change of u-g with [Fe/H] of F and G stars, mag per dex, about that of the disc, whose colours
the table of dwarfs has: slope of the calibration of Bond et al. (2010, ApJ 716, 1) between -0.7 and
-1.5 at g-r 0.3 to 0.4."""

_EXCESS_COLOUR: Final = (-0.1, 0.2, 1.0, 2.0)
_EXCESS_SHARE: Final = (0.0, 1.0, 1.0, 0.0)
"""g-i of dwarfs between which that change sets in, holds and ends (calibrated for 0.2 < g-r < 0.6;
the ends are assumed)."""

_HALO_SHARE: Final = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.33, 0.1])
"""Share of halo stars among O B A F G K M stars over that among F and G stars: fainter stars are
seen less far out of the disc; assumed."""

_BRANCH_OFFSET: Final = (0.12, 0.03)
"""u-g of the horizontal branch minus that of A dwarfs, and its scatter: A stars of low gravity
have u-g of 1.1 to 1.3 at g-r of -0.2 to 0 (Yanny et al. 2000, ApJ 540, 825)."""

_TEMPERATURES: Final = (8.0, 30.0)
"""Range of the temperature of white dwarfs in 1,000 K, even in its logarithm."""

_WHITE_DWARF_SCATTER: Final = 0.04
_HOT_SUBDWARFS: Final = (5.0, 14.0)
"""Spectral types of dwarfs, as numbers, that have the colours of hot subdwarfs."""

_LAST: Final = 69.0
_A: Final = 2


def vary_stars(
    rng: np.random.Generator,
    scale: NDArray[np.float64],
    r: NDArray[np.float64],
    colours: NDArray[np.float64],
    populations: Populations,
) -> NDArray[np.float64]:
    """Draw what stars are beside single dwarfs, and their magnitudes.

    Parameters
    ----------
    rng
        Source of randomness.
    scale
        Spectral type by colour as a number, from O5 = 5 to M9 = 69, ``[n]``.
    r
        Unreddened r magnitudes of the whole system, ``[n]``.
    colours
        u-g, g-r, r-i, i-z as dwarfs, ``[n, 4]``.
    populations
        Shares.

    Returns
    -------
    numpy.ndarray
        Unreddened magnitudes in u g r i z, ``[n, 5]``.
    """
    classes = np.clip(scale // 10, 0, len(_HALO_SHARE) - 1).astype(int)
    varied = _make_giants(rng, scale, colours, np.array(populations.giants)[classes])
    halo = draw_metallicity(rng, classes, r, populations)
    g_i = colours[:, 1] + colours[:, 2]
    excess = np.interp(g_i, _EXCESS_COLOUR, _EXCESS_SHARE) * _ULTRAVIOLET_EXCESS
    varied[:, 0] += excess * (halo - _DISC_METALLICITY[0])
    branch = (classes == _A) & (rng.random(len(r)) < populations.horizontal_branch)
    varied[:, 0] += np.where(branch, rng.normal(*_BRANCH_OFFSET, len(r)), 0.0)
    double = rng.random(len(r)) < np.array(populations.binaries)[classes]
    return _add_companions(rng, scale, add_colours(r, varied), double)


def draw_metallicity(
    rng: np.random.Generator,
    classes: NDArray[np.intp],
    r: NDArray[np.float64],
    populations: Populations,
) -> NDArray[np.float64]:
    """Draw the metallicity of stars of the disc and the halo.

    Parameters
    ----------
    rng
        Source of randomness.
    classes
        Indices of their classes, from 0 for O, ``[n]``.
    r
        Unreddened r magnitudes, ``[n]``.
    populations
        Shares.

    Returns
    -------
    numpy.ndarray
        [Fe/H], ``[n]``.
    """
    first, rise, most = populations.halo
    share = np.clip(first + rise * (r - 15.0), 0.0, most) * _HALO_SHARE[classes]
    halo = rng.random(len(r)) < share
    mean, spread = np.where(
        halo, np.array(_HALO_METALLICITY)[:, None], np.array(_DISC_METALLICITY)[:, None]
    )
    return np.asarray(mean + spread * rng.standard_normal(len(r)))


def draw_degenerate_colours(
    rng: np.random.Generator, count: int, hot_subdwarfs: float
) -> NDArray[np.float64]:
    """Draw the colours of white dwarfs and hot subdwarfs.

    Parameters
    ----------
    rng
        Source of randomness.
    count
        Number of stars.
    hot_subdwarfs
        Share of hot subdwarfs.

    Returns
    -------
    numpy.ndarray
        u-g, g-r, r-i, i-z, ``[count, 4]``.
    """
    low, high = np.log(_TEMPERATURES)
    temperature = np.exp(rng.uniform(low, high, count))
    dwarfs = interpolate_table("degenerate_colours", "temperature", temperature, COLOURS)
    types = rng.uniform(*_HOT_SUBDWARFS, count)
    subdwarfs = interpolate_table("dwarf_colours", "scale", types, COLOURS)
    hot = rng.random(count) < hot_subdwarfs
    colours = np.where(hot[:, None], subdwarfs, dwarfs)
    return np.asarray(colours + _WHITE_DWARF_SCATTER * rng.standard_normal(colours.shape))


def _make_giants(
    rng: np.random.Generator,
    scale: NDArray[np.float64],
    colours: NDArray[np.float64],
    share: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Replace the colours of a share of the stars from G0 on by those of giants of their type."""
    giants = interpolate_table("giant_colours", "scale", scale, COLOURS)
    chosen = rng.random(len(scale)) < share
    # a giant scatters about its sequence as the dwarf does about its own
    dwarfs = interpolate_table("dwarf_colours", "scale", scale, COLOURS)
    return np.where(chosen[:, None], giants + colours - dwarfs, colours)


def _add_companions(
    rng: np.random.Generator,
    scale: NDArray[np.float64],
    magnitudes: NDArray[np.float64],
    double: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Add the light of a cooler dwarf to double stars, keeping their r magnitude."""
    companion = rng.uniform(scale, _LAST)
    absolute = [_compute_absolute_magnitudes(s) for s in (scale, companion)]
    colours = interpolate_table("dwarf_colours", "scale", companion, COLOURS)
    light = to_flux(add_colours(magnitudes[:, 2] + absolute[1] - absolute[0], colours))
    together = to_magnitude(to_flux(magnitudes) + np.where(double[:, None], light, 0.0))
    return np.asarray(together + (magnitudes[:, 2] - together[:, 2])[:, None])


def _compute_absolute_magnitudes(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the absolute r magnitudes of dwarfs."""
    return interpolate_table("absolute_magnitudes", "scale", scale, ("magnitude",))[:, 0]
