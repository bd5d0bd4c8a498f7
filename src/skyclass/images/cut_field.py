"""Cut and measure the objects of one unit of files: to be stored, or to be classified."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.config.sections import CutoutConfig
from skyclass.frames.frame import Frame, convert_to_pixels
from skyclass.images.cutout import Cutouts, cut_frames, first_row, last_row, subtract_background
from skyclass.images.reproject import cut_on_common_grid
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measure_field import measure_field
from skyclass.surveys.survey import Survey, Unit

__all__ = ["cut_field", "cut_in_batches", "cut_objects", "open_frames_of_objects"]

_BATCH: Final = 512
"""Objects cut at once where they need not be in memory together: 50 MB in five bands."""


def cut_field(
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
) -> tuple[Cutouts, bool]:
    """Read the frames of a field, or another unit, and cut and measure its objects.

    Frames are read as far as the objects need; to their end where these are measured on the field.

    Parameters
    ----------
    root
        Directory of frames.
    unit
        Which unit of files.
    ra, dec
        Positions in degrees, `[n]`.
    rules
        Size, how invalid pixels and the sky are treated, and what is measured.
    survey
        Survey of the frames.

    Returns
    -------
    cutouts
        Of `n` objects, as `cut_objects` makes them.
    simulated
        Whether a frame is marked as simulated.

    Raises
    ------
    SurveyError
        If a frame is missing or broken.
    ImageError
        If a header cannot be used.
    """
    frames = open_frames_of_objects(root, unit, ra, dec, rules, survey)
    cutouts = cut_objects(frames, root, unit, ra, dec, rules, survey)
    return cutouts, any(frame.simulated for frame in frames)


def open_frames_of_objects(
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
) -> tuple[Frame, ...]:
    """Read the frames of a unit as far as its objects need.

    Parameters
    ----------
    root, unit, ra, dec, rules, survey
        As `cut_field` takes them.

    Returns
    -------
    tuple of Frame
        In all bands of the survey; to their end where objects are measured on the field.

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

    return survey.open_unit(
        root,
        unit,
        rows if rules.grid == "native" and rules.measure != "field" else None,
        mask_missing=rules.missing_band == "mask",
    )


def cut_objects(
    frames: Sequence[Frame],
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
) -> Cutouts:
    """Cut and measure objects on the frames of their unit, as they are stored to train on.

    Parameters
    ----------
    frames
        Bands of the unit, with all rows that its objects need, or that are measured.
    root, unit, ra, dec, rules, survey
        As `cut_field` takes them.

    Returns
    -------
    Cutouts
        Of `n` objects, in all bands of the survey, with fluxes that `rules.dtype` can hold. Rows
        before or after a frame come from the neighbouring unit where the survey has such and its
        files exist; they are not part of the field that is measured.

    Raises
    ------
    SurveyError
        If a frame of a neighbouring unit is broken.
    ConfigError
        If the size is out of range.
    """
    whole = max(1, len(ra))
    return next(cut_in_batches(frames, root, unit, ra, dec, rules, survey, batch=whole))[1]


def cut_in_batches(
    frames: Sequence[Frame],
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
    *,
    detected: pd.DataFrame | None = None,
    batch: int = _BATCH,
) -> Iterator[tuple[slice, Cutouts]]:
    """Measure all objects of a unit, and cut some of them after the others.

    Parameters
    ----------
    frames, root, unit, ra, dec, rules, survey
        As `cut_objects` takes them.
    detected
        What `skyclass.measurement.detect.detect` found on the frame in the survey's detection
        band, if that was asked already.
    batch
        Objects cut at once.

    Yields
    ------
    rows : slice
        Which objects; once even if there is none.
    cutouts : Cutouts
        Of these, as `cut_objects` makes them.
    """
    size = rules.count_pixels(survey.pixel_scale)
    measurement = None
    if rules.measure == "field":
        measurement = measure_field(frames, ra, dec, survey, detected)
    if rules.grid == "native":
        frames = _add_neighbour_rows(frames, root, unit, ra, dec, size, survey)
    for start in range(0, max(1, len(ra)), batch):
        rows = slice(start, start + batch)
        cutouts = _cut(frames, ra[rows], dec[rows], rules, survey)
        if rules.measure == "cutout":
            arrays = cutouts.flux, cutouts.offset
            cutouts = replace(
                cutouts, measurement=measure_cutouts(*arrays, survey, mask=cutouts.mask)
            )
        elif measurement is not None:
            cutouts = replace(cutouts, measurement=measurement.take(rows))
        yield rows, cutouts


def _cut(
    frames: Sequence[Frame],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rules: CutoutConfig,
    survey: Survey,
) -> Cutouts:
    """Cut objects, without measuring them."""
    size = rules.count_pixels(survey.pixel_scale)
    if rules.grid == "native":
        cutouts = cut_frames(frames, ra, dec, size, mask_saturated=rules.saturated == "mask")
    else:
        cutouts = cut_on_common_grid(frames, ra, dec, size, survey.pixel_scale)
    flux = cutouts.flux
    if rules.background == "local":
        flux = subtract_background(flux, cutouts.mask)
    return replace(cutouts, flux=_round_flux(flux, rules.dtype))


def _round_flux(flux: NDArray[np.float32], dtype: str) -> NDArray[np.float32]:
    """Round fluxes to a type, clipped to the largest value that it can hold."""
    if dtype == "float32":
        return flux
    most = np.finfo(dtype).max
    return flux.clip(-most, most).astype(dtype).astype(np.float32)


def _add_neighbour_rows(
    frames: Sequence[Frame],
    root: Path,
    unit: Unit,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    size: int,
    survey: Survey,
) -> tuple[Frame, ...]:
    """Extend frames by the rows of neighbouring units that the objects' cutouts reach."""
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
