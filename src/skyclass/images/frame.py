"""A calibrated frame: its image, its world coordinates, and what it is an image of."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.survey import BANDS, Field, RawFrame, find_frame, read_frame

__all__ = ["Frame", "open_field"]


@dataclass(frozen=True)
class Frame:
    """One band of one field, ready to be cut."""

    band: str
    """One of u g r i z."""
    data: NDArray[np.float32]
    """Image in nanomaggies, `[y, x]`."""
    wcs: WCS
    """World coordinates of `data`, first pixel's centre at (0, 0)."""
    simulated: bool
    """Whether the header says that no telescope took this image."""

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
            Zero-based pixel coordinates, `[n]`.
        """
        x, y = self.wcs.all_world2pix(ra, dec, 0)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def open_field(root: Path, field: Field) -> tuple[Frame, ...]:
    """Read the five frames of a field, each file once, in memory.

    Parameters
    ----------
    root
        Directory of frames, in the archive's layout or flat.
    field
        Field key.

    Returns
    -------
    tuple of Frame
        In the order u g r i z.

    Raises
    ------
    SurveyError
        Where a frame is missing or broken.
    ImageError
        Where a header has no celestial WCS, or contradicts the file's name.
    """
    paths = [find_frame(root, field, band) for band in BANDS]
    frames = tuple(
        _frame(read_frame(path), field, band) for path, band in zip(paths, BANDS, strict=True)
    )
    if len({frame.data.shape for frame in frames}) > 1:
        raise ImageError(f"the frames of field {field} differ in size; download them again")
    return frames


def _frame(raw: RawFrame, field: Field, band: str) -> Frame:
    """Check a frame's header and give its world coordinates."""
    header = raw.header
    claims = {"FILTER": band, "RUN": field.run, "CAMCOL": field.camcol}
    for card, expected in claims.items():
        found = header.get(card, expected)
        if str(found).strip() != str(expected):
            raise ImageError(f"{raw.path} should have {card} {expected}, its header says {found!r}")
    with warnings.catch_warnings():
        # real frames carry RADECSYS, which astropy mends with a warning
        warnings.simplefilter("ignore", AstropyWarning)
        wcs = WCS(header)
    if not wcs.has_celestial:
        raise ImageError(f"{raw.path} has no celestial WCS; objects cannot be found in it")
    return Frame(band, raw.data, wcs, simulated=_is_simulated(header))


def _is_simulated(header: fits.Header) -> bool:
    """Tell frames of `skyclass.simulation`, whose history says what they are."""
    return any("Simulated by skyclass" in str(line) for line in header.get("HISTORY", ()))
