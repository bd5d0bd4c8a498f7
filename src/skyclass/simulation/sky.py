"""How wide the simulated sky is: one value holds every figure in which two skies differ."""

from dataclasses import dataclass
from typing import Final

from skyclass.errors import SimulationError, nearest

__all__ = ["DEFAULT_SKY", "SKIES", "Populations", "Sky", "get_sky"]


@dataclass(frozen=True)
class Populations:
    """Kinds of stars beside single dwarfs of solar metallicity, and how stars are labelled."""

    label_scatter: float
    """Scatter of a spectrum's subtype about that of the star's colours, in subtypes. Temperatures
    of the SEGUE pipeline are right to 100 to 150 K (Lee et al. 2008, AJ 136, 2022), a subtype of F
    and G stars."""
    wrong_labels: float
    """Share of the O, B and A labels that are put wrong on purpose: the star is a white dwarf or a
    hot subdwarf. Assumed."""
    degenerates: float
    """White dwarfs and hot subdwarfs among the stars without a spectral class. Assumed."""
    hot_subdwarfs: float
    """Hot subdwarfs among both: 240 beside 2,551 white dwarfs (Kleinman et al. 2004, ApJ 607,
    426). Their colours are those of O and B dwarfs."""
    horizontal_branch: float
    """Stars of the blue horizontal branch among A stars; the others are dwarfs and blue stragglers
    (Yanny et al. 2000, ApJ 540, 825, see both kinds in the halo; the share is assumed)."""
    giants: tuple[float, ...]
    """Giants among O B A F G K M stars. Assumed: most in K, which surveys with spectra single out
    (Yanny et al. 2009, AJ 137, 4377)."""
    binaries: tuple[float, ...]
    """Unresolved binaries among O B A F G K M stars (Duchene & Kraus 2013, ARA&A 51, 269)."""
    halo: tuple[float, float, float]
    """Share of halo stars among F and G stars at r 15, its rise per magnitude, and its greatest
    value: rounded, after the counts of Juric et al. (2008, ApJ 673, 864)."""


@dataclass(frozen=True)
class Sky:
    """The figures of a simulated sky that its levels differ in."""

    name: str
    """Name of the level."""
    seeing_r: tuple[float, float]
    """Least and greatest FWHM in r, arcsec."""
    seeing_limits: tuple[float, float]
    """Limits of the FWHM in any band, arcsec."""
    seeing_drift: float
    """Scatter of the FWHM from one field's border to the next along a strip, as a fraction of it;
    0 draws every field's own, which is then the same all over it."""
    psf_across: float
    """Scatter of the two terms, linear and quadratic, by which the FWHM changes from the middle of
    a frame to its sides, as fractions."""
    psf_beta: tuple[float, float]
    """Range of the slope of the PSF's core, a Moffat profile."""
    psf_wing: tuple[float, float]
    """Range of the fraction of light in the PSF's wing, a Moffat profile of slope 2 and three
    times the core's FWHM."""
    zero_point: tuple[float, ...]
    """Scatter of a field's zero point in u g r i z, mag."""
    photometry_floor: tuple[float, ...]
    """Scatter of the catalogue's PSF magnitudes of bright stars in u g r i z that the errors
    stated in it do not hold, mag."""
    deblending: float
    """Scatter of what deblending leaves of a neighbour's light, as a fraction of it; 0 for a
    catalogue that neighbours do not affect."""
    extinction_r: tuple[float, float]
    """Range of the extinction in r of a strip, mag."""
    extinction_error: float
    """Scatter of the true extinction about the catalogue's, as a fraction of it."""
    quasar_colours: str
    """Table of the colours of quasars by redshift."""
    object_limits: tuple[tuple[float, float], ...]
    """Bright and faint limit in r of the labelled stars, galaxies and quasars of the task
    object-type, before extinction."""
    populations: Populations | None
    """Kinds of stars; None for single dwarfs whose labels are their colours'."""


_PLAIN: Final = Sky(
    name="plain",
    # a poorer night than photoField's (PSF_WIDTH 0.93 to 1.13), so that all bands lie within the
    # limits below
    seeing_r=(1.19, 1.29),
    seeing_limits=(1.1, 1.6),
    seeing_drift=0.0,
    psf_across=0.0,
    # photoField, PSF_BETA: medians of 3.5 in u and 3.6 in z, 3.0 to 3.3 in g and r
    psf_beta=(3.5, 3.5),
    psf_wing=(0.0, 0.0),
    zero_point=(0.0,) * 5,
    photometry_floor=(0.0,) * 5,
    deblending=0.0,
    extinction_r=(0.06, 0.14),
    extinction_error=0.0,
    quasar_colours="quasar_colours",
    object_limits=((14.0, 20.5), (14.5, 20.0), (16.5, 20.5)),
    populations=None,
)

_REAL: Final = Sky(
    name="real",
    # r of the five test fields: 0.94 to 1.36; median of SDSS imaging 1.3 (Abazajian et al. 2009,
    # ApJS 182, 543), with tails on both sides
    seeing_r=(0.85, 1.9),
    seeing_limits=(0.8, 2.0),
    # photoField of run 2583 changes by 2 to 3 % from field to field
    seeing_drift=0.03,
    psf_across=0.02,
    # fits to the stacked stars of the frames 4510-4-30, 3918-3-213, 1992-1-87, 1035-6-17 and
    # 7264-3-111 in r and i: slopes of 3.0 to 3.9, wings of 0.07 to 0.13
    psf_beta=(3.0, 3.9),
    psf_wing=(0.07, 0.13),
    # Padmanabhan et al. 2008, ApJ 674, 1217: 1 % in griz, 2 % in u
    zero_point=(0.02, 0.01, 0.01, 0.01, 0.01),
    # Ivezic et al. 2007, AJ 134, 973: repeated measurements scatter by 0.02 in u, 0.01 in g r i z
    photometry_floor=(0.02, 0.01, 0.01, 0.01, 0.015),
    # assumed; real deblending errs by a few per cent of the neighbour
    deblending=0.05,
    # 95 % of 500 SDSS quasars with spectra have 0.02 to 0.25
    extinction_r=(0.02, 0.25),
    # Schlegel et al. 1998, ApJ 500, 525: right to 16 %
    extinction_error=0.16,
    quasar_colours="quasar_colours_z5",
    # 90 % of those 500 quasars have 18.4 < r < 22
    object_limits=((14.0, 21.0), (14.5, 20.5), (16.5, 21.5)),
    populations=Populations(
        label_scatter=1.0,
        wrong_labels=0.02,
        degenerates=0.02,
        hot_subdwarfs=0.09,
        horizontal_branch=0.5,
        giants=(0.0, 0.0, 0.0, 0.02, 0.05, 0.15, 0.02),
        binaries=(0.6, 0.6, 0.5, 0.45, 0.45, 0.4, 0.25),
        halo=(0.4, 0.15, 0.9),
    ),
)

SKIES: Final = {sky.name: sky for sky in (_PLAIN, _REAL)}
"""The levels by name. ``plain``: single solar dwarfs, quasars to redshift 3 and galaxies under one
seeing of 1.1 to 1.6 arcsec with exact calibration. ``real``: as wide as the sky that SDSS saw."""


DEFAULT_SKY: Final = _REAL.name
"""The level of a survey that is simulated without naming one."""


def get_sky(name: str) -> Sky:
    """Return a level of the simulated sky.

    Parameters
    ----------
    name
        ``plain`` or ``real``.

    Returns
    -------
    Sky
        Its figures.

    Raises
    ------
    SimulationError
        If there is no such level.

    Examples
    --------
    >>> from skyclass.simulation.sky import get_sky
    >>> get_sky("real").seeing_limits
    (0.8, 2.0)
    """
    if name not in SKIES:
        raise SimulationError(
            f"unknown sky {name!r}; did you mean {nearest(name, SKIES)!r}?"
            f" (there are {', '.join(SKIES)})"
        )
    return SKIES[name]
