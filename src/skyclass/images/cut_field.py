"""Cut the objects of one field out of the frames on disk: the unit of work, on a cluster too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.config.sections import ARCSEC_PER_PIXEL, CutoutConfig
from skyclass.frames.frame import Frame, sky_to_pixel
from skyclass.images.cutout import Cutouts, cut_frames, first_row, last_row, subtract_background
from skyclass.images.reproject import cut_on_common_grid
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import extend_frame, open_field

__all__ = ["add_neighbour_rows", "cut_field"]


def cut_field(
    root: Path,
    field: Field,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
) -> tuple[Cutouts, bool]:
    """Read a field's frames as far as its objects need, and cut them.

    Parameters
    ----------
    root
        Directory of frames.
    field
        Field key.
    ra, dec
        Positions in degrees, `[n]`.
    rules
        Size, and how invalid pixels and the sky are treated.

    Returns
    -------
    cutouts
        Of `n` objects, bands in the order u g r i z. Rows before or after the frame along the scan
        come from the neighbouring field if its frames exist.
    simulated
        Whether a frame is marked as simulated.

    Raises
    ------
    SurveyError
        If a frame is missing or broken.
    ImageError
        If a header cannot be used.
    """
    size = rules.pixels

    def rows(wcs: WCS, shape: tuple[int, int]) -> int:
        return last_row(_select_inside(sky_to_pixel(wcs, ra, dec)[1], shape[0]), size)

    native = rules.grid == "native"
    frames = open_field(
        root,
        field,
        rows if native else None,
        mask_missing=rules.missing_band == "mask",
    )
    if native:
        frames = add_neighbour_rows(frames, root, field, ra, dec, size)
        cutouts = cut_frames(frames, ra, dec, size, mask_saturated=rules.saturated == "mask")
    else:
        cutouts = cut_on_common_grid(frames, ra, dec, size, ARCSEC_PER_PIXEL)
    if rules.background == "local":
        cutouts = replace(cutouts, flux=subtract_background(cutouts.flux, cutouts.mask))
    return cutouts, any(frame.simulated for frame in frames)


def add_neighbour_rows(
    frames: Sequence[Frame],
    root: Path,
    field: Field,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    size: int,
) -> tuple[Frame, ...]:
    """Extend frames by the rows beyond their ends that the objects' cutouts reach.

    Parameters
    ----------
    frames
        Bands of the field.
    root, field, ra, dec
        As `cut_field` takes them.
    size
        Pixels a side.

    Returns
    -------
    tuple of Frame
        With rows of the neighbouring fields if their frames exist.
    """
    extended = []
    for frame in frames:
        y = _select_inside(frame.pixel(ra, dec)[1], frame.shape[0])
        before, after = -first_row(y, size), max(0, last_row(y, size) - frame.shape[0])
        if (before or after) and len(frame.data):
            extended.append(extend_frame(frame, root, field, before, after))
        else:
            extended.append(frame)
    return tuple(extended)


def _select_inside(y: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Select the objects that lie on a frame of so many rows."""
    return y[(y >= -0.5) & (y < rows - 0.5)]
