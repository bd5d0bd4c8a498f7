"""Cut all bands on a common grid, for surveys whose bands differ in rotation or scale."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.extras import check_installed
from skyclass.frames.frame import Frame
from skyclass.images.cutout import Cutouts

__all__ = ["cut_on_common_grid"]


def cut_on_common_grid(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    size: int,
    scale: float,
) -> Cutouts:
    """Resample each object onto a grid of its own: north up, the object at its centre.

    Resampling conserves flux (`reproject.reproject_adaptive`; DeForest 2004, Solar Physics 219, 3)
    but correlates the noise of neighbouring pixels; where the bands' grids are only shifted,
    `skyclass.images.cutout.cut_frames` keeps the measured pixels.

    Parameters
    ----------
    frames
        Bands, each of any rotation and scale, with all their rows.
    ra, dec
        Positions in degrees, `[n]`.
    size
        Pixels a side.
    scale
        Arcsec per pixel.

    Returns
    -------
    Cutouts
        Of `n` objects, bands in the order of `frames`; all offsets are zero.

    Raises
    ------
    MissingExtraError
        If the library `reproject` is not installed.
    """
    shape = (len(ra), len(frames), size, size)
    flux, mask = np.zeros(shape, dtype=np.float32), np.ones(shape, dtype=np.bool_)
    inside = np.ones(len(ra), dtype=np.bool_)
    cd = np.tile(np.diag([-scale, scale]) / 3600.0, (len(ra), 1, 1))
    for band, frame in enumerate(frames):
        x, y = frame.pixel(ra, dec)
        inside &= frame.contains(x, y)
        for i in np.flatnonzero(inside):
            target = _make_grid(ra[i], dec[i], size, cd[i])
            pixels = _resample(frame, (x[i], y[i]), target, size, scale)
            mask[i, band] = ~np.isfinite(pixels)
            flux[i, band] = np.nan_to_num(pixels)
    offset = np.zeros((*shape[:2], 2), dtype=np.float32)
    return Cutouts(flux, mask, offset, inside, cd)


def _make_grid(ra: float, dec: float, size: int, cd: NDArray[np.float64]) -> WCS:
    """Build a tangential grid about an object."""
    grid = WCS(naxis=2)
    grid.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    grid.wcs.crval = [ra, dec]
    grid.wcs.crpix = [(size + 1) / 2] * 2
    grid.wcs.cd = cd
    return grid


def _resample(
    frame: Frame, place: tuple[float, float], target: WCS, size: int, scale: float
) -> NDArray[np.float64]:
    """Resample the part of a frame that a grid covers; NaN where it has no pixel."""
    own = 3600.0 * float(np.sqrt(abs(np.linalg.det(frame.wcs.pixel_scale_matrix))))
    # the diagonal of the grid, and room for the kernel
    side = int(np.ceil(1.5 * size * scale / own)) + 12
    # imported where it is used, as it takes a tenth of a second
    from astropy.nddata import Cutout2D

    part = Cutout2D(frame.data, place, side, wcs=frame.wcs, mode="partial", fill_value=np.nan)
    resample: Any = _import_reproject().reproject_adaptive
    pixels, _ = resample((part.data, part.wcs), target, shape_out=(size, size), conserve_flux=True)
    return np.asarray(pixels, dtype=np.float64)


def _import_reproject() -> Any:
    """Import the library that resamples."""
    check_installed("reproject", purpose='grid = "common"')
    return import_module("reproject")
