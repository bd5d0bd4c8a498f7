"""Cut the objects of one unit of files out of its frames: the unit of work, on a cluster too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.config.sections import CutoutConfig
from skyclass.frames.frame import Frame, convert_to_pixels
from skyclass.images.cutout import Cutouts, cut_frames, first_row, last_row, subtract_background
from skyclass.images.reproject import cut_on_common_grid
from skyclass.surveys.survey import Survey, Unit

__all__ = ["add_neighbour_rows", "cut_field"]


def cut_field(
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
) -> tuple[Cutouts, bool]:
    """Read the frames of a field, or another unit, as far as its objects need, and cut them.

    Parameters
    ----------
    root
        Directory of frames.
    unit
        Which unit of files.
    ra, dec
        Positions in degrees, `[n]`.
    rules
        Size, and how invalid pixels and the sky are treated.
    survey
        Survey of the frames.

    Returns
    -------
    cutouts
        Of `n` objects, in all bands of the survey. Rows before or after a frame come from the
        neighbouring unit where the survey has such and its files exist.
    simulated
        Whether a frame is marked as simulated.

    Raises
    ------
    SurveyError
        If a frame is missing or broken.
    ImageError
        If a header cannot be used.
    """
    size = rules.count_pixels(survey.pixel_scale)

    def rows(wcs: WCS, shape: tuple[int, int]) -> int:
        return last_row(_select_inside(convert_to_pixels(wcs, ra, dec)[1], shape[0]), size)

    native = rules.grid == "native"
    frames = survey.open_unit(
        root,
        unit,
        rows if native else None,
        mask_missing=rules.missing_band == "mask",
    )
    if native:
        frames = add_neighbour_rows(frames, root, unit, ra, dec, size, survey)
        cutouts = cut_frames(frames, ra, dec, size, mask_saturated=rules.saturated == "mask")
    else:
        cutouts = cut_on_common_grid(frames, ra, dec, size, survey.pixel_scale)
    if rules.background == "local":
        cutouts = replace(cutouts, flux=subtract_background(cutouts.flux, cutouts.mask))
    return cutouts, any(frame.simulated for frame in frames)


def add_neighbour_rows(
    frames: Sequence[Frame],
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    size: int,
    survey: Survey,
) -> tuple[Frame, ...]:
    """Extend frames by the rows beyond their ends that the objects' cutouts reach.

    Parameters
    ----------
    frames
        Bands of the unit.
    root, unit, ra, dec
        As `cut_field` takes them.
    size
        Pixels a side.
    survey
        Survey of the frames.

    Returns
    -------
    tuple of Frame
        With rows of the neighbouring units if their files exist.
    """
    if survey.extend is None:
        return tuple(frames)
    extended = []
    for frame in frames:
        y = _select_inside(frame.pixel(ra, dec)[1], frame.shape[0])
        before, after = -first_row(y, size), max(0, last_row(y, size) - frame.shape[0])
        if (before or after) and len(frame.data):
            extended.append(survey.extend(frame, root, unit, before, after))
        else:
            extended.append(frame)
    return tuple(extended)


def _select_inside(y: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Select the objects that lie on a frame of so many rows."""
    return y[(y >= -0.5) & (y < rows - 0.5)]
