"""The PSF of one band over one block: a Moffat core, a wing, and a width that changes over it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.surveys.sdss.layout import FRAME_SHAPE, PIXEL_SCALE, PRIMARY_ROWS

__all__ = ["WING_BETA", "WING_WIDTH", "Psf", "compute_scale_radius"]

WING_BETA: Final = 2.0
"""Slope of the wing."""

WING_WIDTH: Final = 3.0
"""FWHM of the wing over that of the core."""

_APERTURE: Final = 7.4
"""Radius in arcsec within which light counts."""

_STEP: Final = 0.005
"""Widths of a PSF that changes are rounded to steps of half a percent, so that a frame has few
different profiles to draw."""


def compute_scale_radius(fwhm: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Compute the scale radius of Moffat profiles, in the unit of their FWHM."""
    return np.asarray(fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0)))


@dataclass(frozen=True)
class Psf:
    """The PSF of one band over one block."""

    fwhm: tuple[float, float]
    """FWHM in arcsec on the middle column, at the block's first and last row."""
    beta: float
    """Slope of the core."""
    wing: float = 0.0
    """Fraction of the light in the wing."""
    across: tuple[float, float] = (0.0, 0.0)
    """Relative change of the FWHM with the column, from -1 to 1: linear and quadratic."""

    @property
    def is_constant(self) -> bool:
        """Whether the width is the same everywhere."""
        return self.fwhm[0] == self.fwhm[1] and self.across == (0.0, 0.0)

    def compute_fwhm(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Compute the FWHM at positions in the frame of the block's field.

        Parameters
        ----------
        rows, columns
            Positions, ``[n]`` each.

        Returns
        -------
        numpy.ndarray
            Arcsec, ``[n]``.
        """
        if self.is_constant:
            return np.full(len(rows), self.fwhm[0])
        along = np.interp(rows, PRIMARY_ROWS, self.fwhm)
        x = columns / (FRAME_SHAPE[1] / 2.0) - 1.0
        width = along * (1.0 + self.across[0] * x + self.across[1] * x**2)
        return np.asarray(np.exp(np.rint(np.log(width) / _STEP) * _STEP))

    def compute_aperture_share(self, fwhm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the fraction of a point source's light that counts as its magnitude.

        The survey scales its PSF fluxes to those within 7.4 arcsec (Stoughton et al. 2002); a PSF
        without a wing has hardly any light beyond, and all of it counts.

        Parameters
        ----------
        fwhm
            FWHM in arcsec, ``[n]``.

        Returns
        -------
        numpy.ndarray
            ``[n]``.
        """
        if self.wing == 0.0:
            return np.ones_like(fwhm)
        core = _APERTURE / compute_scale_radius(fwhm, self.beta)
        wing = _APERTURE / compute_scale_radius(WING_WIDTH * fwhm, WING_BETA)
        outside = (1.0 - self.wing) * (1.0 + core**2) ** (1.0 - self.beta)
        outside += self.wing * (1.0 + wing**2) ** (1.0 - WING_BETA)
        return np.asarray(1.0 - outside)

    def compute_noise_area(self, fwhm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the area in pixels whose noise a fit of the PSF has.

        Parameters
        ----------
        fwhm
            FWHM in arcsec, ``[n]``.

        Returns
        -------
        numpy.ndarray
            One over the integral of the squared profile, ``[n]``.
        """
        core = compute_scale_radius(fwhm / PIXEL_SCALE, self.beta)
        squared = (self.beta - 1.0) ** 2 / (2.0 * self.beta - 1.0) / (np.pi * core**2)
        if self.wing == 0.0:
            return np.asarray(1.0 / squared)
        wing = compute_scale_radius(WING_WIDTH * fwhm / PIXEL_SCALE, WING_BETA)
        wing_squared = (WING_BETA - 1.0) ** 2 / (2.0 * WING_BETA - 1.0) / (np.pi * wing**2)
        product = (WING_BETA - 1.0) / (np.pi * wing**2) * _average_wing(self.beta)
        share = self.wing
        total = (1.0 - share) ** 2 * squared + share**2 * wing_squared
        return np.asarray(1.0 / (total + 2.0 * share * (1.0 - share) * product))


def _average_wing(beta: float) -> float:
    """Average the wing, 1 in its middle, over the light of the core."""
    ratio = float(
        compute_scale_radius(np.array(WING_WIDTH), WING_BETA)
        / compute_scale_radius(np.array(1.0), beta)
    )
    # squared radius over the core's scale radius; both profiles end far inside of the last
    squared = np.concatenate([[0.0], np.logspace(-4.0, 6.0, 2000)])
    light = (beta - 1.0) * (1.0 + squared) ** -beta
    return float(np.trapezoid(light * (1.0 + squared / ratio**2) ** -WING_BETA, squared))
