"""Quasars: point sources whose colours move with redshift."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.photometry import add_colours
from skyclass.simulation.colour_tables import COLOURS, SPREADS, interpolate, load
from skyclass.simulation.sources import Kind, Sources, place

__all__ = ["QUASAR_SLOPE", "quasars"]

QUASAR_SLOPE: Final = 0.66
"""Slope of log10 N per magnitude: 470 quasars with 16.5 < r < 18.75 among 10,000 SDSS objects with
spectra (Richards et al. 2006, AJ 131, 2766, find 0.8 when bright, less beyond g = 19.5)."""

_BIN_WIDTH: Final = 0.3


def quasars(
    rng: np.random.Generator,
    r: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Sources:
    """Draw quasars of given r magnitudes.

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
        Quasars with unreddened magnitudes; redshifts up to 3 as numerous as in the table of their
        colours.
    """
    redshift = _redshift(rng, len(r))
    median = interpolate("quasar_colours", "redshift", redshift, COLOURS)
    spread = interpolate("quasar_colours", "redshift", redshift, SPREADS)
    colours = median + spread * rng.standard_normal(median.shape)
    return place(Kind.QSO, add_colours(r, colours), redshift, position)


def _redshift(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw a bin by its number of quasars, then a redshift within it (none below 0.05)."""
    number = load("quasar_colours")["number"].to_numpy(dtype=np.float64)
    bins = rng.choice(len(number), size=count, p=number / number.sum())
    return np.maximum(0.05, (bins + rng.random(count)) * _BIN_WIDTH)
