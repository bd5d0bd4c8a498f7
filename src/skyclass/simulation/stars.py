"""Draw stars: spectral types, colours, magnitudes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.colour_tables import COLOURS, add_colours, interpolate_table
from skyclass.simulation.sky import Populations
from skyclass.simulation.sources import SourceKind, Sources, make_sources
from skyclass.simulation.star_populations import draw_degenerate_colours, vary_stars

__all__ = [
    "CLASSES",
    "CLASS_SHARES",
    "LAST_HOT",
    "STAR_SLOPE",
    "draw_degenerate_stars",
    "draw_r_magnitudes",
    "draw_star_colours",
    "draw_stars",
]

CLASSES: Final = "OBAFGKM"
"""Spectral classes from hot to cool."""

CLASS_SHARES: Final = np.array([0.36, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]) / 6.36
"""Share of each class among labelled stars: 3,601 O stars to 10,000 of every other class, the
proportions of the SDSS samples with spectral classes that are used for such work."""

LAST_HOT: Final = CLASSES.index("A")
"""Index of the coolest class whose labels white dwarfs and hot subdwarfs are given by mistake."""

STAR_SLOPE: Final = 0.162
"""Slope of log10 N per magnitude of star counts: a straight line through the counts of the 1,626
stars with 14 < r < 20.5 of the SDSS calibObj table of run 4510, camera column 4, which lies near
the north galactic pole."""

_FIRST_O: Final = 5
_LAST_M: Final = 69
_RADIAL_VELOCITY: Final = 50.0 / 299_792.458
"""Spread of heliocentric velocities over c: 50 km/s (Bond et al. 2010, ApJ 716, 1)."""


def draw_r_magnitudes(
    rng: np.random.Generator, count: int, bright: float, faint: float, slope: float
) -> NDArray[np.float64]:
    """Draw r magnitudes whose number density rises as 10 ** (slope * r).

    Parameters
    ----------
    rng
        Source of randomness.
    count
        Number of magnitudes.
    bright, faint
        Limits in magnitudes.
    slope
        Slope of log10 N per magnitude, above 0.

    Returns
    -------
    numpy.ndarray
        Magnitudes, ``[count]``.
    """
    low, high = 10.0 ** (slope * bright), 10.0 ** (slope * faint)
    return np.asarray(np.log10(low + (high - low) * rng.random(count)) / slope)


def draw_star_colours(rng: np.random.Generator, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw the unreddened colours of dwarfs.

    Colours follow the spectral type continuously, with the intrinsic scatter of the stellar locus:
    independent in u-g and i-z, opposite in g-r and r-i, as the locus is a function of g-i.

    Parameters
    ----------
    rng
        Source of randomness.
    scale
        Spectral type as a number, from O5 = 5 to M9 = 69, ``[n]``.

    Returns
    -------
    numpy.ndarray
        u-g, g-r, r-i, i-z, ``[n, 4]``.
    """
    colours = interpolate_table("dwarf_colours", "scale", scale, COLOURS)
    g_i = colours[:, 1] + colours[:, 2]
    scatter = interpolate_table("locus_scatter", "g_i", g_i, ("u_g", "g_r", "i_z"))
    u_g, g_r, i_z = (scatter * rng.standard_normal(scatter.shape)).T
    return np.asarray(colours + np.stack([u_g, g_r, -g_r, i_z], axis=-1))


def draw_stars(
    rng: np.random.Generator,
    classes: NDArray[np.intp],
    r: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    populations: Populations | None = None,
) -> Sources:
    """Draw stars of the given classes.

    Parameters
    ----------
    rng
        Source of randomness.
    classes
        Indices in `CLASSES`, ``[n]``. Subtypes are uniform within a class (O5-O9, else 0-9), and a
        star of subtype s lies anywhere within half a subtype of s.
    r
        Unreddened r magnitudes, ``[n]``.
    position
        Rows and columns, ``[n]`` each.
    populations
        Kinds of stars; None for single dwarfs whose labels are their colours'.

    Returns
    -------
    Sources
        Stars with unreddened magnitudes.
    """
    lowest = np.where(classes == 0, _FIRST_O, 0)
    subtype = rng.integers(lowest, 10)
    scale = 10.0 * classes + subtype + rng.uniform(-0.5, 0.5, len(r))
    names = [f"{CLASSES[c]}{s}V" for c, s in zip(classes, subtype, strict=True)]
    if populations is None:
        magnitudes = add_colours(r, draw_star_colours(rng, scale))
    else:
        magnitudes = _draw_population(rng, classes, scale, r, populations)
    return make_sources(
        SourceKind.STAR,
        magnitudes,
        rng.normal(0.0, _RADIAL_VELOCITY, len(r)),
        position,
        subclass=np.array(names, dtype="U8"),
    )


def _draw_population(
    rng: np.random.Generator,
    classes: NDArray[np.intp],
    scale: NDArray[np.float64],
    r: NDArray[np.float64],
    populations: Populations,
) -> NDArray[np.float64]:
    """Draw magnitudes ``[n, 5]`` of stars that are labelled as of `classes` and `scale`."""
    count = len(r)
    actual = scale + rng.normal(0.0, populations.label_scatter, count)
    actual = np.clip(actual, _FIRST_O, _LAST_M)
    magnitudes = vary_stars(rng, actual, r, draw_star_colours(rng, actual), populations)
    degenerate = add_colours(r, draw_degenerate_colours(rng, count, populations.hot_subdwarfs))
    wrong = (classes <= LAST_HOT) & (rng.random(count) < populations.wrong_labels)
    return np.where(wrong[:, None], degenerate, magnitudes)


def draw_degenerate_stars(
    rng: np.random.Generator,
    r: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    populations: Populations,
) -> Sources:
    """Draw white dwarfs and hot subdwarfs, labelled ``WD`` as SpecObjAll does.

    Parameters
    ----------
    rng
        Source of randomness.
    r
        Unreddened r magnitudes, ``[n]``.
    position
        Rows and columns, ``[n]`` each.
    populations
        Share of hot subdwarfs.

    Returns
    -------
    Sources
        Stars with unreddened magnitudes.
    """
    colours = draw_degenerate_colours(rng, len(r), populations.hot_subdwarfs)
    return make_sources(
        SourceKind.STAR,
        add_colours(r, colours),
        rng.normal(0.0, _RADIAL_VELOCITY, len(r)),
        position,
        subclass=np.full(len(r), "WD", dtype="U8"),
    )
