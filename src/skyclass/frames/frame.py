"""A calibrated frame: its image, its world coordinates, and what it is an image of."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import ImageError, MissingFrameError
from skyclass.files import AnyPath
from skyclass.frames.simulated import is_simulated
from skyclass.surveys.sdss.frames import BANDS, SATURATION, Field, find_frame, read_frame

__all__ = ["Frame", "celestial_wcs", "open_field", "open_frame", "sky_to_pixel"]

_NEAR_SATURATION: Final = 0.97
"""Share of the saturation level above which a pixel's count is no measure of its light; the sky,
which frames no longer hold, is below the rest."""

_COORDINATES: Final = (
    *("NAXIS", "WCSAXES", "CTYPE", "CRVAL", "CRPIX", "CUNIT", "CDELT", "CROTA", "CD", "PC", "PV"),
    *("LONPOLE", "LATPOLE", "EQUINOX", "RADE", "A_", "B_", "AP_", "BP_"),
)
"""How the cards of world coordinates begin (FITS standard 4.0, section 8, and SIP); astropy takes
four times as long to look through the whole header of a frame."""


@dataclass(frozen=True)
class Frame:
    """One band of one field, ready to be cut."""

    band: str
    """One of u g r i z."""
    data: NDArray[np.float32]
    """Image in nanomaggies, `[y, x]`; rows that nobody asked for are not there."""
    wcs: WCS
    """World coordinates of the frame, first pixel's centre at (0, 0)."""
    simulated: bool
    """Whether the header says that no telescope took this image."""
    shape: tuple[int, int]
    """Rows and columns of the whole frame."""
    saturation: float
    """Nanomaggies above which a pixel is saturated."""
    before: int = 0
    """Rows of the field before this one that `data` begins with."""

    def pixel(
        self, ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give pixel positions of places on the sky.

        Parameters
        ----------
        ra, dec
            ICRS coordinates in degrees, `[n]`.

        Returns
        -------
        x, y
            Zero-based pixel coordinates in the whole frame, `[n]`.
        """
        return sky_to_pixel(self.wcs, ra, dec)


def sky_to_pixel(
    wcs: WCS, ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give pixel positions of places on the sky.

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


def open_field(
    root: AnyPath,
    field: Field,
    rows: Callable[[WCS], int] | None = None,
    *,
    mask_missing: bool = False,
) -> tuple[Frame, ...]:
    """Read the five frames of a field, each file once, in memory.

    Parameters
    ----------
    root
        Directory of frames, in the archive's layout or flat.
    field
        Field key.
    rows
        Given a frame's world coordinates, says how many of its rows are needed; all where not
        given.
    mask_missing
        Whether a band without a frame becomes one without pixels, where others have some.

    Returns
    -------
    tuple of Frame
        In the order u g r i z.

    Raises
    ------
    MissingFrameError
        Where a frame is missing.
    SurveyError
        Where a frame is broken.
    ImageError
        Where a header has no celestial WCS, or contradicts the file's name.
    """
    root = Path(root)
    found: list[Frame | None] = []
    for band in BANDS:
        try:
            found.append(open_frame(root, field, band, rows))
        except MissingFrameError:
            if not mask_missing:
                raise
            found.append(None)
    there = [frame for frame in found if frame is not None]
    if not there:
        raise MissingFrameError(f"field {field} has no frame at all in {root}")
    if len({frame.shape for frame in there}) > 1:
        raise ImageError(f"the frames of field {field} differ in size; download them again")
    empty = replace(there[0], data=np.zeros((0, there[0].shape[1]), np.float32), saturation=np.inf)
    pairs = zip(found, BANDS, strict=True)
    return tuple(frame or replace(empty, band=band) for frame, band in pairs)


def open_frame(
    root: Path,
    field: Field,
    band: str,
    rows: Callable[[WCS], int] | None = None,
) -> Frame:
    """Read one frame of a field.

    Parameters
    ----------
    root, field, rows
        As `open_field` takes them.
    band
        One of u g r i z.

    Returns
    -------
    Frame
        With the rows asked for.

    Raises
    ------
    SurveyError
        Where the frame is missing or broken.
    ImageError
        Where its header has no celestial WCS, or contradicts the file's name.
    """
    path = find_frame(root, field, band)
    wcs = None

    def count(header: fits.Header) -> int:
        nonlocal wcs
        _check(path, header, field, band)
        wcs = celestial_wcs(path, header)
        return int(header["NAXIS2"]) if rows is None else rows(wcs)

    raw = read_frame(path, count)
    header = raw.header
    counts = _NEAR_SATURATION * SATURATION[BANDS.index(band)]
    return Frame(
        band,
        raw.data,
        wcs,
        is_simulated(header.get("HISTORY", ())),
        (int(header["NAXIS2"]), int(header["NAXIS1"])),
        counts * float(header["NMGY"]) if "NMGY" in header else np.inf,
    )


def _check(path: Path, header: fits.Header, field: Field, band: str) -> None:
    """Refuse a header that contradicts the file's name."""
    claims = {"FILTER": band, "RUN": field.run, "CAMCOL": field.camcol}
    for card, expected in claims.items():
        found = header.get(card, expected)
        if str(found).strip() != str(expected):
            raise ImageError(f"{path} should have {card} {expected}, its header says {found!r}")


def celestial_wcs(path: Path, header: fits.Header) -> WCS:
    """Give the world coordinates of a header.

    Parameters
    ----------
    path
        Where it is from, for the message.
    header
        Of an image.

    Returns
    -------
    astropy.wcs.WCS
        Celestial.

    Raises
    ------
    ImageError
        Where the header has none.
    """
    with warnings.catch_warnings():
        # real frames carry RADECSYS, which astropy mends with a warning
        warnings.simplefilter("ignore", AstropyWarning)
        wcs = WCS(fits.Header([c for c in header.cards if c.keyword.startswith(_COORDINATES)]))
    if not wcs.has_celestial:
        raise ImageError(f"{path} has no celestial WCS; objects cannot be found in it")
    return wcs
