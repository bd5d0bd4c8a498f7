"""Published transformations of magnitudes between the bands of two surveys."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import SurveyError

__all__ = ["ColourTerm", "find_colour_term"]


@dataclass(frozen=True)
class ColourTerm:
    """Magnitude of a band of one survey from two or three bands of another, for stars.

    Examples
    --------
    >>> import numpy as np
    >>> from skyclass.surveys.colour_terms import find_colour_term
    >>> term = find_colour_term("sdss", "legacysurveys", "r")
    >>> term.colour
    'ri'
    >>> term.convert({"r": np.array([18.0]), "i": np.array([17.8])}).round(3)
    array([17.962])
    """

    band: str
    """Band of both surveys."""
    colour: str
    """The two bands of the first survey whose colour decides."""
    coefficients: tuple[float, ...]
    """Of the powers of the colour, from 0 up: what is added to the first survey's magnitude."""
    limits: tuple[float, float]
    """Colours between which it holds."""

    def compute_difference(self, colour: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the second survey's magnitude minus the first one's.

        Parameters
        ----------
        colour
            Of the first survey in magnitudes, any shape; clipped to `limits`.

        Returns
        -------
        numpy.ndarray
            Magnitudes, of the same shape.
        """
        within = np.clip(colour, *self.limits)
        return np.asarray(np.polynomial.polynomial.polyval(within, self.coefficients), np.float64)

    def convert(self, magnitudes: "dict[str, NDArray[np.float64]]") -> NDArray[np.float64]:
        """Convert magnitudes of the first survey to the second.

        Parameters
        ----------
        magnitudes
            By band, any shape; those of `band` and of the two of `colour` are needed.

        Returns
        -------
        numpy.ndarray
            Magnitudes in the second survey's band, of the same shape.
        """
        blue, red = (magnitudes[band] for band in self.colour)
        return magnitudes[self.band] + self.compute_difference(blue - red)


_SDSS_TO_DECAM: Final = (
    ColourTerm("g", "gi", (0.008, -0.061), (-1.0, 3.5)),
    ColourTerm("r", "ri", (-0.007, -0.155), (-0.4, 2.0)),
    ColourTerm("i", "ri", (0.032, -0.166), (-0.4, 2.0)),
    ColourTerm("z", "ri", (0.027, -0.056), (-0.4, 2.0)),
)
"""DES DR2 against SDSS DR13 in Stripe 82 (Abbott et al. 2021, ApJS 255, 20, appendix); single stars
scatter about these by 0.014 to 0.018 mag."""

_DECAM_TO_SDSS: Final = (
    ColourTerm("g", "gi", (-0.005, 0.060), (-1.0, 3.5)),
    ColourTerm("r", "ri", (0.014, 0.150), (-0.4, 2.0)),
    ColourTerm("i", "ri", (-0.027, 0.167), (-0.4, 2.0)),
    ColourTerm("z", "ri", (-0.024, 0.054), (-0.4, 2.0)),
)
"""Of the same appendix; single stars scatter by 0.015 to 0.018 mag."""

_PANSTARRS_TO_DECAM: Final = (
    ColourTerm("g", "gi", (0.00062, 0.03604, 0.01028, -0.00613), (0.4, 2.7)),
    ColourTerm("r", "gi", (0.00495, -0.08435, 0.03222, -0.01140), (0.4, 2.7)),
    ColourTerm("i", "gi", (0.00904, -0.04171, 0.00566, -0.00829), (0.4, 2.7)),
    ColourTerm("z", "gi", (0.02583, -0.07690, 0.02824, -0.00898), (0.4, 2.7)),
)
"""https://www.legacysurvey.org/dr10/description/#photometry, which states no scatter."""

_TERMS: Final = {
    ("sdss", "legacysurveys"): _SDSS_TO_DECAM,
    ("legacysurveys", "sdss"): _DECAM_TO_SDSS,
    ("panstarrs", "legacysurveys"): _PANSTARRS_TO_DECAM,
}


def find_colour_term(first: str, second: str, band: str) -> ColourTerm:
    """Find the transformation of a band from one survey to another.

    Parameters
    ----------
    first, second
        Names of surveys.
    band
        Name of a band that both have.

    Returns
    -------
    ColourTerm
        The transformation.

    Raises
    ------
    SurveyError
        Where none is known.
    """
    for term in _TERMS.get((first, second), ()):
        if term.band == band:
            return term
    raise SurveyError(f"no colour term is known from {band} of {first} to {band} of {second}")
