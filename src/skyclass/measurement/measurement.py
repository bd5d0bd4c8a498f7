"""What was measured of the objects of one field: fluxes with errors, PSF, noise, flags."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntFlag
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flag", "Measurement", "join_bands"]


class Flag(IntFlag):
    """What is wrong with an object's measurement in one band.

    Examples
    --------
    >>> Flag.EDGE | Flag.BLENDED
    <Flag.EDGE|BLENDED: 5>
    """

    EDGE = 1
    """Part of its pixels lie beyond the frame."""
    SATURATED = 2
    """Pixels of its core were saturated, whether or not they have been interpolated since."""
    BLENDED = 4
    """A neighbour overlaps it; both were fitted together."""
    BAD_PIXELS = 8
    """Pixels of its core are missing, not finite, or interpolated."""
    NO_DETECTION = 16
    """Its flux is below three times the error."""
    POOR_PSF = 32
    """The PSF comes from a fallback, or does not describe the object's field well."""
    OTHER_FIELD = 64
    """It lies on rows of a neighbouring field whose frames were not among those classified."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measurements of `n` objects in all bands of a survey."""

    psf_flux: NDArray[np.float32]
    """Flux of the best-fitting point source in nanomaggies, `[n, band]`; NaN where a band has no
    pixels."""
    psf_flux_err: NDArray[np.float32]
    """Its standard error in nanomaggies, `[n, band]`: photons, sky, and a floor for the PSF
    model."""
    aperture_flux: NDArray[np.float32]
    """Flux in an aperture, corrected to that of all light of a point source, in nanomaggies,
    `[n, band]`."""
    psf_fwhm: NDArray[np.float32]
    """Full width at half maximum of the PSF at the object in arcsec, `[n, band]`."""
    sky_noise: NDArray[np.float32]
    """Standard deviation of the sky's noise in nanomaggies per pixel, `[n, band]`."""
    concentration: NDArray[np.float32]
    """Magnitude of the point source less that of an extended one fitted beside it, in the manner
    of psfMag - modelMag: 0 for a star, larger for a galaxy, `[n, band]`; NaN where a flux is not
    positive."""
    concentration_err: NDArray[np.float32]
    """Its standard error in magnitudes, `[n, band]`."""
    flags: NDArray[np.int32]
    """Sums of `Flag`, `[n, band]`."""

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.psf_flux)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Self:
        """Select objects.

        Parameters
        ----------
        rows
            Their numbers, a mask `[n]`, or a slice.

        Returns
        -------
        Measurement
            Of the selected objects.
        """
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def has(self, flag: Flag) -> NDArray[np.bool_]:
        """Tell in which bands an object has any of some flags.

        Parameters
        ----------
        flag
            One or several, joined with ``|``.

        Returns
        -------
        numpy.ndarray
            `[n, band]`.
        """
        return np.asarray((self.flags & int(flag)) != 0)


def join_bands(bands: Sequence[Measurement]) -> Measurement:
    """Join measurements of the same objects in several bands.

    Parameters
    ----------
    bands
        At least one, of `n` objects each.

    Returns
    -------
    Measurement
        Of the `n` objects, with the bands one after the other.
    """
    names = [field.name for field in fields(Measurement)]
    return Measurement(
        **{name: np.concatenate([getattr(b, name) for b in bands], axis=1) for name in names}
    )
