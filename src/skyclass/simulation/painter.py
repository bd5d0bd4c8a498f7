"""Draw sources on a frame with GalSim."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.psf import WING_BETA, WING_WIDTH, Psf, compute_scale_radius
from skyclass.simulation.sources import SourceKind, Sources
from skyclass.surveys.sdss.layout import PIXEL_SCALE

if TYPE_CHECKING:
    import galsim

__all__ = ["Painter", "Shapes", "make_shapes"]

_FAINTEST_SIGMA = 0.03
"""A stamp ends where the source falls below this fraction of the pixel noise."""
_LARGEST_HALF = 250
"""Largest half side of a stamp in pixels, so that the sources of a block reach no field beyond the
two next to it."""
_SMALLEST_HALF = 11

_BULGE_ENDS = 4.0
"""Half-light radii at which the bulge's profile is truncated (SDSS truncates its own at 8)."""

_ACCURACY: Final = {
    "folding_threshold": 0.02,
    "maxk_threshold": 0.01,
    "kvalue_accuracy": 1e-3,
    "minimum_fft_size": 32,
    "stepk_minimum_hlr": 3.0,
}
"""Ten times less strict than GalSim's own settings, for smaller FFTs; fluxes change by
less than 0.1 %."""


@dataclass(frozen=True)
class Shapes:
    """The shapes of sources, without their fluxes and without the PSF."""

    profiles: "list[galsim.GSObject | None]"
    """Profile of each source in pixels, of flux 1; None for a point source."""
    radius: NDArray[np.float64]
    """Half-light radius of each disc in pixels; 0 for a point source."""


def make_shapes(sources: Sources, pixel_scale: float = PIXEL_SCALE) -> Shapes:
    """Make the shapes of sources, once for all bands.

    Parameters
    ----------
    sources
        Any sources.
    pixel_scale
        Arcsec per pixel; that of SDSS by default.

    Returns
    -------
    Shapes
        In the same order.
    """
    profiles = [
        _make_galaxy(sources, i, pixel_scale) if kind == SourceKind.GALAXY else None
        for i, kind in enumerate(sources.kind)
    ]
    return Shapes(profiles, sources.disc_radius / pixel_scale)


def _make_settings() -> "galsim.GSParams":
    """Make GalSim's settings."""
    import galsim

    return galsim.GSParams(**_ACCURACY)


def _make_galaxy(sources: Sources, i: int, pixel_scale: float) -> "galsim.GSObject":
    """Make a galaxy's profile: an exponential disc and a de Vaucouleurs bulge."""
    import galsim

    part = float(sources.bulge_fraction[i])
    disc = galsim.Exponential(
        half_light_radius=float(sources.disc_radius[i]) / pixel_scale,
        flux=1.0 - part,
        gsparams=_make_settings(),
    )
    bulge = galsim.DeVaucouleurs(
        half_light_radius=1.0, trunc=_BULGE_ENDS, flux=part, gsparams=_make_settings()
    )
    both = disc + bulge.dilate(float(sources.bulge_radius[i]) / pixel_scale)
    angle = float(sources.angle[i]) * galsim.radians
    return both.shear(galsim.Shear(q=float(sources.axis_ratio[i]), beta=angle))


class Painter:
    """Draws sources under one PSF, in pixels.

    The Moffat profile is the effective PSF: what a point source leaves in the pixels, their own
    size included. So profiles are sampled at pixel centres, and galaxies are convolved with nothing
    more.
    """

    def __init__(self, psf: Psf, noise: float, pixel_scale: float = PIXEL_SCALE) -> None:
        """Set the PSF.

        Parameters
        ----------
        psf
            The PSF.
        noise
            Noise of an empty pixel in nanomaggies; it decides how far out sources are drawn.
        pixel_scale
            Arcsec per pixel; that of SDSS by default.
        """
        self._psf = psf
        self._scale = pixel_scale
        self._noise = noise
        self._profiles: dict[float, galsim.GSObject] = {}

    def add_sources(
        self,
        image: NDArray[np.float32],
        shapes: Shapes,
        flux: NDArray[np.float64],
        position: tuple[NDArray[np.float64], NDArray[np.float64]],
        first_row: int,
    ) -> None:
        """Add sources to an image.

        What a source adds to a pixel is bit for bit the same wherever the image begins.

        Parameters
        ----------
        image
            Nanomaggies, ``[y, x]``; modified in place.
        shapes
            Shapes of the sources.
        flux
            Their fluxes in nanomaggies, ``[n]``.
        position
            Rows and columns in the frame of the sources' own block, ``[n]`` each.
        first_row
            Row of that frame on which the image begins.
        """
        rows, columns = (np.rint(p).astype(int) for p in position)
        fwhm = self._psf.compute_fwhm(*position)
        drawn = flux / self._psf.compute_aperture_share(fwhm)
        halves = self._compute_half_sizes(shapes, drawn, fwhm / self._scale)
        top = rows - first_row
        seen = (top + halves >= 0) & (top - halves < image.shape[0])
        seen &= (columns + halves >= 0) & (columns - halves < image.shape[1])
        for i in np.flatnonzero(seen):
            shift = (float(position[1][i] - columns[i]), float(position[0][i] - rows[i]))
            profile = self._convolve_with_psf(shapes.profiles[i], float(fwhm[i]))
            profile = profile.withFlux(float(drawn[i]))
            _add_stamp(image, _draw(profile, int(halves[i]), shift), int(top[i]), int(columns[i]))

    def compute_psf_weights(self, shapes: Shapes, fwhm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the fraction of each source's light that a fit of the PSF measures.

        Parameters
        ----------
        shapes
            Any sources.
        fwhm
            FWHM of the PSF at each of them in arcsec, ``[n]``.

        Returns
        -------
        numpy.ndarray
            ``sum(P G) / sum(P P)`` for the PSF P and the source G of flux 1; 1 for point sources.
        """
        weights = np.ones(len(shapes.profiles))
        for i, profile in enumerate(shapes.profiles):
            if profile is not None:
                weights[i] = self._compute_weight(profile, float(fwhm[i]))
        return weights

    def _compute_weight(self, profile: "galsim.GSObject", fwhm: float) -> float:
        """Compute the fraction for one source."""
        half, centre = int(3.0 * (fwhm / self._scale)), (0.0, 0.0)
        psf = _draw(self._make_psf(fwhm), half, centre)
        source = _draw(self._convolve_with_psf(profile, fwhm), half, centre)
        return float(np.vdot(psf, source)) / float(np.vdot(psf, psf))

    def _make_psf(self, fwhm: float) -> "galsim.GSObject":
        """Make the profile of a point source, once for each width."""
        import galsim

        if fwhm not in self._profiles:
            width, wing, settings = fwhm / self._scale, self._psf.wing, _make_settings()
            profile = galsim.Moffat(beta=self._psf.beta, fwhm=width, gsparams=settings)
            if wing > 0.0:
                outer = galsim.Moffat(beta=WING_BETA, fwhm=WING_WIDTH * width, gsparams=settings)
                profile = profile.withFlux(1.0 - wing) + outer.withFlux(wing)
            self._profiles[fwhm] = profile
        return self._profiles[fwhm]

    def _convolve_with_psf(
        self, profile: "galsim.GSObject | None", fwhm: float
    ) -> "galsim.GSObject":
        """Convolve a profile with the PSF; None stands for a point source."""
        import galsim

        psf = self._make_psf(fwhm)
        return psf if profile is None else galsim.Convolve(profile, psf, gsparams=_make_settings())

    def _compute_half_sizes(
        self, shapes: Shapes, flux: NDArray[np.float64], fwhm: NDArray[np.float64]
    ) -> NDArray[np.intp]:
        """Compute half the side of each source's stamp in pixels; so is the FWHM."""
        beta, wing = self._psf.beta, self._psf.wing
        point, contrast = self._compute_extent(flux * (1.0 - wing), fwhm, beta)
        if wing > 0.0:
            outer, _ = self._compute_extent(flux * wing, WING_WIDTH * fwhm, WING_BETA)
            point = np.maximum(point, outer)
        # an exponential disc falls by a factor e in 0.6 half-light radii
        extent = shapes.radius * (1.0 + 0.4 * np.log(contrast))
        half = np.ceil(np.hypot(point, extent)).astype(np.intp)
        return np.clip(half, _SMALLEST_HALF, _LARGEST_HALF)

    def _compute_extent(
        self, flux: NDArray[np.float64], fwhm: NDArray[np.float64], beta: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute where a Moffat profile falls below the noise, and its peak over that."""
        scale = compute_scale_radius(fwhm, beta)
        peak = flux * (beta - 1.0) / (np.pi * scale**2)
        contrast = np.maximum(peak / (_FAINTEST_SIGMA * self._noise), 1.0)
        return scale * np.sqrt(contrast ** (1.0 / beta) - 1.0), contrast


def _draw(profile: "galsim.GSObject", half: int, shift: tuple[float, float]) -> NDArray[np.float32]:
    """Sample a profile, `shift` (x, y) off the middle of a square of ``2 half + 1`` pixels."""
    import galsim

    side = 2 * half + 1
    image = galsim.ImageF(side, side, scale=1.0)
    profile.drawImage(image, method="no_pixel", offset=shift)
    return np.asarray(image.array)


def _add_stamp(
    image: NDArray[np.float32], stamp: NDArray[np.float32], row: int, column: int
) -> None:
    """Add to an image the part of a stamp, centred on a pixel, that lies on it."""
    half = stamp.shape[0] // 2
    low = (max(row - half, 0), max(column - half, 0))
    high = (min(row + half + 1, image.shape[0]), min(column + half + 1, image.shape[1]))
    part = tuple(
        slice(a - c + half, b - c + half) for a, b, c in zip(low, high, (row, column), strict=True)
    )
    image[low[0] : high[0], low[1] : high[1]] += stamp[part]
