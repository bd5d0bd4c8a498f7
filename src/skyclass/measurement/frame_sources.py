"""The sources of one frame as points under its PSF: cut out, drawn, subtracted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.psf_model import PROFILE_STEP, PsfModel
from skyclass.measurement.sky_level import Sky
from skyclass.measurement.stamps import Stamps, cut_stamps, subtract_stamps

__all__ = ["FrameSources"]


@dataclass(frozen=True, eq=False)
class FrameSources:
    """Positions of sources on a frame, its PSF and its sky."""

    y: NDArray[np.float64]
    """Rows, `[source]`."""
    x: NDArray[np.float64]
    """Columns, `[source]`."""
    model: PsfModel
    """PSF of the frame."""
    sky: Sky
    """Sky of the frame."""

    @property
    def fwhm(self) -> NDArray[np.float64]:
        """Full width at half maximum of the PSF at each source in pixels, `[source]`."""
        return self.model.compute_fwhm(self.y, self.x)

    def cut(self, image: NDArray[np.float32], half: int, rows: NDArray[np.intp]) -> Stamps:
        """Cut stamps of some sources, less the sky.

        Parameters
        ----------
        image
            Nanomaggies, `[y, x]`.
        half
            Pixels on each side of the middle one.
        rows
            Numbers of the sources, `[n]`.

        Returns
        -------
        Stamps
            Of the `n` sources.
        """
        y, x = self.y[rows], self.x[rows]
        return self.sky.subtract(cut_stamps(image, y, x, half), y, x)

    def draw(self, stamps: Stamps, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Draw some sources as points of flux 1 in the pixels of their stamps.

        Parameters
        ----------
        stamps
            Of the `n` sources.
        rows
            Their numbers, `[n]`.

        Returns
        -------
        numpy.ndarray
            `[n, y, x]`.
        """
        return self.model.evaluate(self.y[rows], self.x[rows], stamps.dy, stamps.dx)

    def compute_reach(self, flux: NDArray[np.float64], faintest: float) -> NDArray[np.intp]:
        """Compute how far from each source its light in a pixel stays above a limit.

        Parameters
        ----------
        flux
            Fluxes of all sources in nanomaggies, `[source]`.
        faintest
            Limit in nanomaggies.

        Returns
        -------
        numpy.ndarray
            Pixels, `[source]`.
        """
        width = self.fwhm / self.model.relative_fwhm
        # the profile falls outwards, so that reversed it is sorted
        profile = np.maximum.accumulate(self.model.profile[::-1])
        below = np.searchsorted(profile, faintest * width**2 / np.maximum(flux, 1e-30))
        reach = (len(profile) - below) * PROFILE_STEP * width
        return np.nan_to_num(reach).astype(np.intp)

    def subtract(
        self, image: NDArray[np.float32], row: int, flux: float, reach: int, *, without: int = -1
    ) -> None:
        """Subtract a source from the square around it.

        Parameters
        ----------
        image
            Nanomaggies, `[y, x]`; modified in place.
        row
            Number of the source.
        flux
            Nanomaggies.
        reach
            Half side of the square in pixels.
        without
            Half side of a smaller square within that is left as it is; none if negative.
        """
        y, x = self.y[[row]], self.x[[row]]
        axis = np.arange(-reach, reach + 1)
        light = np.float32(flux) * self.model.evaluate(
            y, x, (axis + np.rint(y) - y)[None], (axis + np.rint(x) - x)[None]
        )
        if without >= 0:
            inner = slice(reach - without, reach + without + 1)
            light[:, inner, inner] = 0.0
        subtract_stamps(image, y, x, light)
