"""Draw many catalogue rows of a simulated sky without drawing any frame."""

from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.simulation.camera import make_camera
from skyclass.simulation.galaxies import BULGE_RADIUS
from skyclass.simulation.population import draw_block
from skyclass.simulation.psf import Psf
from skyclass.simulation.simulated_catalog import make_field_catalog, weigh_by_drawing
from skyclass.simulation.simulation_settings import SimulationSettings
from skyclass.simulation.sky import get_sky
from skyclass.simulation.sources import SourceKind, Sources, make_sources
from skyclass.simulation.strip import MAX_FIELDS, locate_field, make_strip

__all__ = ["draw_catalog", "weigh_by_table"]

_RADII: Final = np.geomspace(0.1, 10.0, 15)
"""Half-light radii of discs over the FWHM at which the table of weights has its nodes."""

_AXIS_RATIOS: Final = np.array([0.3, 0.65, 1.0])


def draw_catalog(settings: SimulationSettings, count: int) -> pd.DataFrame:
    """Draw labelled objects of the same sky that lie in no field of the survey.

    They are as dense and are measured with the same errors as those of the survey's catalogue.

    Parameters
    ----------
    settings
        Settings of the survey.
    count
        Number of objects.

    Returns
    -------
    pandas.DataFrame
        With the columns of the survey's catalogue, ``[count]``.

    Examples
    --------
    >>> from skyclass.simulation.draw_catalog import draw_catalog
    >>> from skyclass.simulation.simulation_settings import SimulationSettings
    >>> settings = SimulationSettings(1, "spectral-class", 1, 20, "real")
    >>> len(draw_catalog(settings, 50))
    50
    """
    sky = get_sky(settings.sky)
    tables = []
    for serial in range(MAX_FIELDS, MAX_FIELDS + -(-count // settings.objects_per_field)):
        number, index = locate_field(serial)
        strip = make_strip(settings.seed, number)
        cameras = make_camera(settings.seed, strip.run, strip.camcol)
        block = draw_block(
            settings.seed, settings.task, settings.objects_per_field, strip, index, sky
        )
        tables.append(
            make_field_catalog(settings.seed, strip, index, cameras, block, sky, weigh_by_table)
        )
    return pd.concat(tables, ignore_index=True).head(count)


def weigh_by_table(
    psfs: tuple[Psf, ...], sources: Sources, fwhm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute what PSF photometry measures of sources, from a table for one typical PSF.

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
        Fraction of their light, ``[n, 5]``, within a few per cent of what
        `skyclass.simulation.simulated_catalog.weigh_by_drawing` computes.
    """
    extended = sources.kind == SourceKind.GALAXY
    weights = np.ones(fwhm.shape)
    ratio = np.log(sources.disc_radius[extended, None] / fwhm[extended])
    place = np.interp(sources.axis_ratio[extended], _AXIS_RATIOS, np.arange(len(_AXIS_RATIOS)))
    bulge = sources.bulge_fraction[extended, None]
    disc_table, bulge_table = _tabulate_weights(psfs[0].wing > 0.0)
    # light adds, so the weight of a disc with a bulge is linear in the share of each
    weights[extended] = (1.0 - bulge) * _look_up(disc_table, ratio, place)
    weights[extended] += bulge * _look_up(bulge_table, ratio, place)
    return weights


def _look_up(
    table: NDArray[np.float64], ratio: NDArray[np.float64], place: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate a table ``[axis ratio, radius]`` at logarithms of radii ``[n, 5]``."""
    by_shape = np.stack([np.interp(ratio, np.log(_RADII), row) for row in table])
    low = np.minimum(place.astype(int), len(table) - 2)
    part = (place - low)[:, None]
    rows = np.arange(len(place))
    return np.asarray((1.0 - part) * by_shape[low, rows] + part * by_shape[low + 1, rows])


@cache
def _tabulate_weights(wing: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate the weights of discs and of their bulges, ``[axis ratio, radius]`` each."""
    psf = Psf((1.2, 1.2), 3.45, 0.1) if wing else Psf((1.2, 1.2), 3.5)
    shape, radius = (a.ravel() for a in np.meshgrid(_AXIS_RATIOS, 1.2 * _RADII, indexing="ij"))
    tables = []
    for fraction in (0.0, 1.0):
        zeros = np.zeros(len(radius))
        galaxies = make_sources(
            SourceKind.GALAXY,
            np.zeros((len(radius), 5)),
            zeros,
            (zeros, zeros),
            disc_radius=radius,
            bulge_radius=BULGE_RADIUS * radius,
            bulge_fraction=zeros + fraction,
            axis_ratio=shape,
        )
        weights = weigh_by_drawing((psf,), galaxies, np.full((len(radius), 1), 1.2))
        tables.append(weights.reshape(len(_AXIS_RATIOS), len(_RADII)))
    return tables[0], tables[1]
