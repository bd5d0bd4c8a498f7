"""Draw quasars: point sources whose colours change with redshift."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.colour_tables import (
    COLOURS,
    SPREADS,
    add_colours,
    interpolate_table,
    load_table,
)
from skyclass.simulation.sources import SourceKind, Sources, make_sources

__all__ = ["QUASAR_SLOPE", "draw_quasars"]

QUASAR_SLOPE: Final = 0.66
"""Slope of log10 N per magnitude: 470 quasars with 16.5 < r < 18.75 among 10,000 SDSS objects with
spectra (Richards et al. 2006, AJ 131, 2766, find 0.8 when bright, less beyond g = 19.5)."""

_BIN_WIDTH: Final = 0.3


def draw_quasars(
    rng: np.random.Generator,
    r: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    table: str = "quasar_colours",
) -> Sources:
    """Draw quasars with the given r magnitudes.

    Parameters
    ----------
    rng
        Source of randomness.
    r
        Unreddened r magnitudes, ``[n]``.
    position
        Rows and columns, ``[n]`` each.
    table
        Table of their colours by redshift; their redshifts are distributed as in it.

    Returns
    -------
    Sources
        Quasars with unreddened magnitudes.
    """
    redshift = _draw_redshifts(rng, len(r), table)
    median = interpolate_table(table, "redshift", redshift, COLOURS)
    spread = interpolate_table(table, "redshift", redshift, SPREADS)
    colours = median + spread * rng.standard_normal(median.shape)
    return make_sources(SourceKind.QSO, add_colours(r, colours), redshift, position)


def _draw_redshifts(rng: np.random.Generator, count: int, table: str) -> NDArray[np.float64]:
    """Draw a bin by its number of quasars, then a redshift within it (none below 0.05)."""
    number = load_table(table)["number"].to_numpy(dtype=np.float64)
    bins = rng.choice(len(number), size=count, p=number / number.sum())
    return np.maximum(0.05, (bins + rng.random(count)) * _BIN_WIDTH)
