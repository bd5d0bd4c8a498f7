"""The PSF of a frame: a radial profile on ellipses whose size and shape vary over the frame."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NORM_RADIUS",
    "POOR_FLOOR",
    "PROFILE_RADII",
    "PROFILE_STEP",
    "SEEING",
    "USUAL_FWHM",
    "PsfModel",
    "compute_moffat",
    "convert_to_fwhm",
    "evaluate_moffat",
    "list_terms",
    "make_moffat_psf",
    "make_psf",
]

NORM_RADIUS: Final = 7.4
"""Radius in arcsec of the circle whose light is the flux of a point source, as SDSS defines it
(Stoughton et al. 2002, AJ 123, 485, section 4.4.5)."""

PROFILE_STEP: Final = 0.02
PROFILE_RADII: Final = np.arange(0.0, 60.0, PROFILE_STEP)
"""Radii at which a profile is tabulated, in standard deviations of the PSF's adaptive moments."""

_BETA: Final = 2.5
"""Slope of the Moffat profile: of the light of real stars in g to z 2.4 to 2.9 % lie beyond 3
arcsec and 0.6 to 0.9 % beyond 4.6, as of this one (field 301-4510-4-30)."""

USUAL_FWHM: Final = 1.3
"""Of the PSF in arcsec, where nothing shows it. The median of SDSS in r is 1.32 arcsec
(www.sdss.org, scope of the imaging survey)."""

SEEING: Final = (0.7, 1.6)
"""Range of the FWHM of the PSF in arcsec where one source alone shows it: what is wider is taken
for extended. Chosen here, about the median of SDSS; not a published range."""

POOR_FLOOR: Final = 0.05
"""Share of a flux that a PSF is trusted to which no stars show."""

_MOFFAT_SCALE: Final = 1.791
"""Scale radius of the profile in standard deviations of its adaptive moments."""

_FWHM: Final = float(2.0 * _MOFFAT_SCALE * np.sqrt(2.0 ** (1.0 / _BETA) - 1.0))
"""Full width at half maximum of the profile in standard deviations of its adaptive moments."""


@dataclass(frozen=True, eq=False)
class PsfModel:
    """The PSF of one frame: what a point source of flux 1 leaves in the pixels."""

    profile: NDArray[np.float32]
    """Light per area of one variance at `PROFILE_RADII`."""
    shape: NDArray[np.float64]
    """Coefficients of log area, and of both ellipticities, of the adaptive moments, `[term, 3]`;
    terms as `list_terms` lists them."""
    frame: tuple[int, int]
    """Rows and columns of the frame."""
    floor: float
    """Share of a flux that this model is trusted to."""
    poor: bool
    """Whether it comes from a fallback."""

    def evaluate(
        self,
        y: NDArray[np.float64],
        x: NDArray[np.float64],
        dy: NDArray[np.floating],
        dx: NDArray[np.floating],
    ) -> NDArray[np.float32]:
        """Compute the light of a point source of flux 1 in pixels around it.

        Parameters
        ----------
        y, x
            Where in the frame the sources lie, `[n]`.
        dy, dx
            Rows and columns from each source to the pixels, `[n, y]` and `[n, x]`.

        Returns
        -------
        numpy.ndarray
            `[n, y, x]`.
        """
        radius, area = self.compute_radius(y, x, dy, dx)
        return look_up_profile(self.profile, radius) / area[:, None, None]

    def compute_radius(
        self,
        y: NDArray[np.float64],
        x: NDArray[np.float64],
        dy: NDArray[np.floating],
        dx: NDArray[np.floating],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute elliptical radii, and the area of the PSF at each source.

        Parameters
        ----------
        y, x, dy, dx
            As `evaluate` takes them.

        Returns
        -------
        radius : numpy.ndarray
            In standard deviations of the PSF's adaptive moments, `[n, y, x]`.
        area : numpy.ndarray
            Square pixels of one variance, `[n]`.
        """
        area, first, second = (part.astype(np.float32) for part in self._compute_shape(y, x))
        scale = 1.0 / (area * np.sqrt(1.0 - first**2 - second**2))
        rows, columns = dy.astype(np.float32), dx.astype(np.float32)
        squared = ((1.0 - first) * scale)[:, None, None] * (rows**2)[:, :, None]
        squared = squared + ((1.0 + first) * scale)[:, None, None] * (columns**2)[:, None, :]
        cross = -2.0 * second * scale
        squared += (cross[:, None] * rows)[:, :, None] * columns[:, None, :]
        return np.sqrt(squared, out=squared), area

    def compute_fwhm(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the full width at half maximum.

        Parameters
        ----------
        y, x
            Where in the frame, `[n]`.

        Returns
        -------
        numpy.ndarray
            Pixels, the geometric mean of both axes, `[n]`.
        """
        return np.asarray(self.relative_fwhm * np.sqrt(self._compute_shape(y, x)[0]))

    @property
    def relative_fwhm(self) -> float:
        """Full width at half maximum in standard deviations of the adaptive moments."""
        return float(2.0 * PROFILE_RADII[np.argmax(self.profile < 0.5 * self.profile[0])])

    def widen(self, factor: float) -> Self:
        """Return the same PSF, so many times wider; its flux stays.

        Parameters
        ----------
        factor
            New width over old.

        Returns
        -------
        PsfModel
            With the same flux.
        """
        shape = self.shape.copy()
        shape[0, 0] += 2.0 * np.log(factor)
        return replace(self, shape=shape)

    def _compute_shape(
        self, y: NDArray[np.float64], x: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Compute the area and both ellipticities at positions."""
        log_area, first, second = (list_terms(y, x, self.frame, len(self.shape)) @ self.shape).T
        return np.exp(log_area), first.clip(-0.5, 0.5), second.clip(-0.5, 0.5)


def list_terms(
    y: NDArray[np.float64], x: NDArray[np.float64], frame: tuple[int, int], count: int
) -> NDArray[np.float64]:
    """Compute the terms of a polynomial over a frame.

    Parameters
    ----------
    y, x
        Positions, `[n]`; those beyond the frame count as on its rim.
    frame
        Rows and columns of the frame.
    count
        Terms: 1, 3 or 6 for a polynomial of order 0, 1 or 2.

    Returns
    -------
    numpy.ndarray
        `[n, count]`.
    """
    v = (2.0 * y / frame[0] - 1.0).clip(-1.0, 1.0)
    u = (2.0 * x / frame[1] - 1.0).clip(-1.0, 1.0)
    return np.stack([np.ones(len(y)), v, u, v * v, v * u, u * u][:count], axis=1)


def look_up_profile(
    profile: NDArray[np.float32], radius: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate a profile at radii of any shape."""
    position = radius * np.float32(1.0 / PROFILE_STEP)
    np.minimum(position, np.float32(len(profile) - 2), out=position)
    cell = position.astype(np.int32)
    position -= cell
    low = profile[cell]
    return np.asarray(low + (profile[cell + 1] - low) * position)


def compute_moffat(radius: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute a Moffat profile of central brightness 1.

    Parameters
    ----------
    radius
        In standard deviations of its adaptive moments, any shape.

    Returns
    -------
    numpy.ndarray
        The same shape.
    """
    return np.asarray((1.0 + (radius / _MOFFAT_SCALE) ** 2) ** -_BETA)


def make_psf(
    profile: NDArray[np.float64],
    shape: NDArray[np.float64],
    frame: tuple[int, int],
    norm_radius: float,
    *,
    floor: float,
    poor: bool,
) -> PsfModel:
    """Make a PSF of flux 1 within a radius.

    Parameters
    ----------
    profile
        At `PROFILE_RADII`, of any flux.
    shape, frame, floor, poor
        As `PsfModel` has them.
    norm_radius
        In pixels.

    Returns
    -------
    PsfModel
        Of flux 1.
    """
    count = int(norm_radius / np.exp(0.5 * shape[0, 0]) / PROFILE_STEP)
    total = 2.0 * np.pi * PROFILE_STEP * np.sum((profile * PROFILE_RADII)[:count])
    return PsfModel((profile / total).astype(np.float32), shape, frame, floor, poor)


def make_moffat_psf(fwhm: float, frame: tuple[int, int], norm_radius: float) -> PsfModel:
    """Make a round PSF of a width, where no stars show it.

    Parameters
    ----------
    fwhm
        Full width at half maximum in pixels.
    frame
        Rows and columns of the frame.
    norm_radius
        Pixels within which its flux is 1.

    Returns
    -------
    PsfModel
        Marked as poor.

    Examples
    --------
    >>> float(make_moffat_psf(3.0, (100, 100), 18.0).compute_fwhm(*np.zeros((2, 1)))[0].round(1))
    3.0
    """
    shape = np.array([[2.0 * np.log(fwhm / _FWHM), 0.0, 0.0]])
    profile = compute_moffat(PROFILE_RADII)
    return make_psf(profile, shape, frame, norm_radius, floor=POOR_FLOOR, poor=True)


def evaluate_moffat(
    fwhm: NDArray[np.float64], dy: NDArray[np.floating], dx: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Compute round PSFs, each of its own width, in pixels around their sources.

    Parameters
    ----------
    fwhm
        Full width at half maximum in pixels, `[n]`.
    dy, dx
        Rows and columns from each source to the pixels, `[n, y]` and `[n, x]`.

    Returns
    -------
    numpy.ndarray
        Of flux 1, `[n, y, x]`.

    Examples
    --------
    >>> axis = np.arange(-30, 31)[None]
    >>> float(evaluate_moffat(np.array([3.0]), axis, axis).sum().round(2))
    1.0
    """
    sigma = (fwhm / _FWHM)[:, None, None]
    radius = np.hypot(dy[:, :, None], dx[:, None, :]) / sigma
    norm = (_BETA - 1.0) / (np.pi * (_MOFFAT_SCALE * sigma) ** 2)
    return np.asarray(norm * compute_moffat(radius), np.float32)


def convert_to_fwhm(area: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert the area of adaptive moments to the full width at half maximum of a point source.

    Parameters
    ----------
    area
        As `skyclass.measurement.moments.Moments` has it, `[n]`.

    Returns
    -------
    numpy.ndarray
        Pixels, `[n]`.
    """
    return np.asarray(_FWHM * np.sqrt(area))
