"""Which bands of one survey may stand for those of another, and how their fluxes are converted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import SurveyError
from skyclass.photometry import POGSON
from skyclass.surveys.colour_terms import ColourTerm, find_colour_term
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey

__all__ = ["BandMatch", "BandMatches", "match_bands"]

_STAR_COLOURS: Final = {"gi": (-0.5, 3.0), "ri": (-0.2, 1.6)}
"""Colours of stars from A to M5 (Covey et al. 2007, AJ 134, 2398, with A0 added)."""


@dataclass(frozen=True)
class BandMatch:
    """How a band of one survey differs from that of the same name of another."""

    band: str
    """Name of the band in both surveys."""
    difference: float
    """Greatest difference of the magnitudes of stars, without a sign."""
    colour: str
    """The two bands of the first survey whose colour it depends on; empty within one survey."""
    limits: tuple[float, float]
    """Colours of the stars that `difference` is for: those from A to M5, as far as the published
    transformation holds."""
    term: ColourTerm | None
    """Colour term that is applied; None where the bands are near enough as they are."""


@dataclass(frozen=True)
class BandMatches:
    """The bands of one survey that stand for those of another."""

    first: str
    """Survey of the fluxes that there are."""
    second: str
    """Survey whose bands they are to stand for."""
    bands: tuple[BandMatch, ...]
    """In the order of wavelength."""

    def compute_factors(self, flux: NDArray[np.floating]) -> NDArray[np.float64]:
        """Compute by what fluxes of the first survey are multiplied to become those of the second.

        The same factors hold for the pixels of an object's cutouts.

        Parameters
        ----------
        flux
            Fluxes in all bands of the first survey in one unit, `[n, band]`.

        Returns
        -------
        numpy.ndarray
            In the order of `bands`, `[n, band]`; NaN where a colour cannot be measured, or lies
            outside the limits of the band's colour term. Bands that are near enough as they are
            have 1, whatever the colour.
        """
        names = get_survey(self.first).band_names
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitudes = -2.5 * np.log10(np.asarray(flux, dtype=np.float64))
        known = dict(zip(names, magnitudes.T, strict=True))
        factors = np.ones((len(magnitudes), len(self.bands)))
        for place, match in enumerate(self.bands):
            if match.term is not None:
                blue, red = (known[band] for band in match.term.colour)
                colour = blue - red
                bluest, reddest = match.term.limits
                colour = np.where((colour >= bluest) & (colour <= reddest), colour, np.nan)
                factors[:, place] = np.exp(-match.term.compute_difference(colour) / POGSON)
        return factors


def match_bands(
    first: str,
    second: str,
    bands: Sequence[str] | None = None,
    *,
    colour_terms: bool = False,
    limit: float = 0.05,
) -> BandMatches:
    """Match the bands of one survey with those of another, or refuse to.

    Parameters
    ----------
    first
        Survey of the fluxes that there are.
    second
        Survey whose bands they are to stand for, such as that of a model.
    bands
        Bands of the second survey that are needed; all by default.
    colour_terms
        Whether published colour terms of stars are applied where bands are not near enough.
    limit
        Greatest difference in magnitudes of stars from A to M5, as far as the published
        transformation holds (`BandMatch.limits`), up to which bands are near enough.

    Returns
    -------
    BandMatches
        A match for each band.

    Raises
    ------
    SurveyError
        Where the first survey lacks a band, or bands differ and no colour term is to be applied,
        or none is known.

    Examples
    --------
    >>> import numpy as np
    >>> import skyclass
    >>> matches = skyclass.match_bands("panstarrs", "legacysurveys", colour_terms=True)
    >>> [(match.band, round(match.difference, 2)) for match in matches.bands]
    [('g', 0.06), ('r', 0.21), ('i', 0.23), ('z', 0.15)]
    >>> matches.compute_factors(np.array([[1.0, 2.0, 2.5, 2.7, 2.8]])).round(3)
    array([[0.963, 1.055, 1.033, 1.03 ]])
    """
    own, other = get_survey(first), get_survey(second)
    matches = [
        _match(own, other, band, colour_terms=colour_terms, limit=limit)
        for band in (other.band_names if bands is None else bands)
    ]
    return BandMatches(first, second, tuple(matches))


def _match(own: Survey, other: Survey, band: str, *, colour_terms: bool, limit: float) -> BandMatch:
    """Match one band."""
    other.get_band(band)
    if band not in own.band_names:
        raise SurveyError(
            f"survey {own.name} has no band {band} to stand for that of {other.name} (it has"
            f" {', '.join(own.band_names)})"
        )
    if own.name == other.name:
        return BandMatch(band, 0.0, "", (-np.inf, np.inf), None)
    try:
        term = find_colour_term(own.name, other.name, band)
    except SurveyError as error:
        waves = (survey.get_band(band).wavelength for survey in (own, other))
        pair = " and ".join(f"{wave:.0f}" for wave in waves)
        raise SurveyError(f"{error}; their effective wavelengths are {pair} Angstrom") from error
    limits = _limit_colours(term)
    difference = float(np.abs(term.compute_difference(np.linspace(*limits, 201))).max())
    if difference <= limit:
        return BandMatch(band, difference, term.colour, limits, None)
    if not colour_terms:
        raise SurveyError(
            f"band {band} of {own.name} differs from that of {other.name} by up to"
            f" {difference:.2f} mag for stars of {' - '.join(term.colour)} from {limits[0]:g} to"
            f" {limits[1]:g}, more than {limit:g}: set colour_terms to apply the"
            " published colour terms, or leave the band out (bands)"
        )
    return BandMatch(band, difference, term.colour, limits, term)


def _limit_colours(term: ColourTerm) -> tuple[float, float]:
    """Limit the colours of stars to those that a term holds for."""
    bluest, reddest = _STAR_COLOURS[term.colour]
    return max(bluest, term.limits[0]), min(reddest, term.limits[1])
