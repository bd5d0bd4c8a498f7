"""Calibrated frames: image, world coordinates, band; reading of all bands of a unit."""

import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.cores import map_on_cores
from skyclass.errors import ImageError, MissingFrameError

__all__ = ["Frame", "convert_to_pixels", "open_bands", "read_wcs"]

_WARNINGS_LOCK: Final = threading.Lock()

_COORDINATES: Final = (
    *("NAXIS", "WCSAXES", "CTYPE", "CRVAL", "CRPIX", "CUNIT", "CDELT", "CROTA", "CD", "PC", "PV"),
    *("LONPOLE", "LATPOLE", "EQUINOX", "RADE", "A_", "B_", "AP_", "BP_"),
)
"""How the cards of world coordinates begin (FITS standard 4.0, section 8, and SIP); astropy takes
four times as long to look through the whole header of a frame."""


@dataclass(frozen=True)
class Frame:
    """One band of one unit of files, calibrated and ready to be cut."""

    band: str
    """Name of the band in its survey."""
    data: NDArray[np.float32]
    """Image in nanomaggies, `[y, x]`; rows that nobody asked for may be absent."""
    wcs: WCS
    """World coordinates of the frame, first pixel's centre at (0, 0)."""
    simulated: bool
    """Whether the header says that no telescope took this image."""
    shape: tuple[int, int]
    """Rows and columns of the whole frame."""
    saturation: float
    """Nanomaggies above which a pixel is saturated; infinity where not known."""
    before: int = 0
    """Rows before the frame's own first row that `data` begins with."""
    gain: float = np.inf
    """Electrons of one nanomaggy; infinite where not known, so that light has no photon noise."""

    def pixel(
        self, ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Convert positions on the sky to pixels.

        Parameters
        ----------
        ra, dec
            ICRS coordinates in degrees, `[n]`.

        Returns
        -------
        x, y
            Zero-based pixel coordinates in the whole frame, `[n]`.
        """
        return convert_to_pixels(self.wcs, ra, dec)

    def contains(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the pixel coordinates that lie on the whole frame.

        Parameters
        ----------
        x, y
            Zero-based, `[n]`.

        Returns
        -------
        numpy.ndarray
            `[n]`.
        """
        rows, columns = self.shape
        inside: NDArray[np.bool_] = (y >= -0.5) & (y < rows - 0.5) & (x >= -0.5)
        return inside & (x < columns - 0.5)


def convert_to_pixels(
    wcs: WCS, ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert positions on the sky to pixels.

    Parameters
    ----------
    wcs
        World coordinates.
    ra, dec
        ICRS coordinates in degrees, `[n]`.

    Returns
    -------
    x, y
        Zero-based pixel coordinates, `[n]`.
    """
    x, y = wcs.all_world2pix(ra, dec, 0)
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def open_bands(
    bands: Sequence[str], open_band: Callable[[str], Frame], *, mask_missing: bool, name: str
) -> tuple[Frame, ...]:
    """Read the frame of every band.

    Parameters
    ----------
    bands
        Names of the bands.
    open_band
        Reads the frame of a band; raises `MissingFrameError` where its file is missing.
    mask_missing
        Whether a band without a file becomes a frame without pixels, where others have some.
    name
        What is read, for the message.

    Returns
    -------
    tuple of Frame
        In the order of `bands`.

    Raises
    ------
    MissingFrameError
        Where a file is missing, or all are.
    """

    def open_if_there(band: str) -> Frame | None:
        try:
            return open_band(band)
        except MissingFrameError:
            if not mask_missing:
                raise
            return None

    # decoders release the interpreter's lock
    opened = map_on_cores(open_if_there, bands)
    frames = {frame.band: frame for frame in opened if frame is not None}
    if not frames:
        raise MissingFrameError(f"{name} has no frame at all")
    first = next(iter(frames.values()))
    nothing = np.zeros((0, first.shape[1]), np.float32)
    empty = replace(first, data=nothing, saturation=np.inf)
    return tuple(frames.get(band, replace(empty, band=band)) for band in bands)


def read_wcs(path: Path, header: fits.Header) -> WCS:
    """Read the world coordinates of a header.

    Parameters
    ----------
    path
        File of the header, for the message.
    header
        Of an image.

    Returns
    -------
    astropy.wcs.WCS
        Celestial.

    Raises
    ------
    ImageError
        Where the header has none, or none of two axes that wcslib accepts.
    """
    try:
        # what warnings are shown is a setting of the whole process
        with _WARNINGS_LOCK, warnings.catch_warnings():
            # real frames carry RADECSYS, which astropy mends with a warning
            warnings.simplefilter("ignore", AstropyWarning)
            wcs = WCS(fits.Header([c for c in header.cards if c.keyword.startswith(_COORDINATES)]))
            # wcslib refuses what it cannot invert here, and not only when positions are asked for
            wcs.wcs.set()
    # a card of another type is an error of any kind in astropy or wcslib
    except Exception as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise ImageError(f"{path} has a WCS that cannot be used: {reason[0]:.200}") from error
    if not wcs.has_celestial or wcs.naxis != 2:
        raise ImageError(f"{path} has no celestial WCS; objects cannot be located in it")
    if not np.isfinite(wcs.pixel_scale_matrix).all():
        raise ImageError(f"{path} has a WCS that cannot be used: its scale is not finite")
    return wcs
