"""Read the frames of an SDSS field, and the rows that its neighbouring fields hold."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import ImageError, MissingFrameError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import is_simulated
from skyclass.surveys.sdss.layout import (
    BANDS,
    FRAME_SHAPE,
    GAIN,
    ROWS_PER_FIELD,
    SATURATION,
    Field,
    find_frame,
    make_header_cards,
)
from skyclass.surveys.sdss.raw_frame import read_calibration, read_frame
from skyclass.surveys.survey import RowsNeeded, Unit

__all__ = ["extend_frame", "list_neighbours", "open_field", "open_frame"]

_NEAR_SATURATION: Final = 0.97
"""Share of the saturation level above which a pixel's count does not measure its light; the sky,
which frames no longer hold, is below the rest."""

_OVERLAP: Final = FRAME_SHAPE[0] - ROWS_PER_FIELD
"""Rows that consecutive fields share."""


def open_field(
    root: AnyPath, field: Unit, rows: RowsNeeded | None = None, *, mask_missing: bool = False
) -> tuple[Frame, ...]:
    """Read the five frames of a field, each file once, in memory.

    Parameters
    ----------
    root
        Directory of frames, in the archive's layout or flat.
    field
        Field key.
    rows
        How many of a frame's first rows are needed; all if None.
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
    root, field = Path(root), Field.from_unit(field)
    frames = open_bands(
        BANDS,
        lambda band: open_frame(root, field, band, rows),
        mask_missing=mask_missing,
        name=f"field {field} in {root}",
    )
    if len({frame.shape for frame in frames}) > 1:
        raise ImageError(f"the frames of field {field} differ in size; download them again")
    return frames


def open_frame(root: Path, field: Field, band: str, rows: RowsNeeded | None = None) -> Frame:
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
    wcs, nanomaggies = None, np.nan

    def count_rows(header: fits.Header) -> int:
        nonlocal wcs, nanomaggies
        _check_header(path, header, field, band)
        wcs = read_wcs(path, header)
        nanomaggies = read_calibration(path, header)
        shape = _read_shape(header)
        return shape[0] if rows is None else rows(wcs, shape)

    raw = read_frame(path, count_rows)
    header = raw.header
    index = BANDS.index(band)
    known = np.isfinite(nanomaggies)
    return Frame(
        band,
        raw.data,
        wcs,
        is_simulated(header.get("HISTORY", ())),
        _read_shape(header),
        _NEAR_SATURATION * SATURATION[index] * nanomaggies if known else np.inf,
        gain=GAIN[field.camcol - 1][index] / nanomaggies if known else np.inf,
    )


def _read_shape(header: fits.Header) -> tuple[int, int]:
    """Read rows and columns of a frame."""
    return int(header["NAXIS2"]), int(header["NAXIS1"])


def _check_header(path: Path, header: fits.Header, field: Field, band: str) -> None:
    """Check that a header agrees with the file's name."""
    for card, expected in make_header_cards(field, band).items():
        stated = header.get(card, expected)
        if str(stated).strip() != str(expected):
            raise ImageError(f"{path} should have {card} {expected}, its header says {stated!r}")


def extend_frame(frame: Frame, root: Path, field: Unit, before: int, after: int) -> Frame:
    """Add rows of the neighbouring fields to a frame, where these are at hand.

    Consecutive fields are cut out of one scan, so row `y` of a field is row ``y + 1361`` of the one
    before it and ``y - 1361`` of the one after it, on the same columns.

    Parameters
    ----------
    frame
        Frame of the field, with all its rows where rows after it are wanted.
    root
        Directory of frames.
    field
        Field key.
    before, after
        Rows wanted before its first and after its last.

    Returns
    -------
    Frame
        With as many of these rows as there are.
    """
    read = partial(_read_neighbour, frame, root, Field.from_unit(field))
    first = read(-1, ROWS_PER_FIELD - before, ROWS_PER_FIELD)
    last = read(1, _OVERLAP, _OVERLAP + after)
    data = np.concatenate([first, frame.data, last])
    return replace(frame, data=data, before=len(first))


def list_neighbours(field: Unit) -> tuple[Unit, ...]:
    """List the fields before and after a field of one scan.

    Parameters
    ----------
    field
        Field key.

    Returns
    -------
    tuple of Unit
        One or two fields, whether or not they have files.
    """
    own = Field.from_unit(field)
    numbers = (own.field - 1, own.field + 1)
    return tuple(Field(own.rerun, own.run, own.camcol, n) for n in numbers if 0 < n < 10_000)


def _read_neighbour(
    frame: Frame, root: Path, field: Field, step: int, start: int, stop: int
) -> NDArray[np.float32]:
    """Read some rows of the field before or after; none where it is not there."""
    nothing = np.zeros((0, frame.shape[1]), dtype=np.float32)
    if stop <= start or frame.shape != FRAME_SHAPE or field.field + step < 1:
        return nothing
    other = Field(field.rerun, field.run, field.camcol, field.field + step)

    def count_rows(_wcs: WCS, _shape: tuple[int, int]) -> int:
        return stop

    try:
        return open_frame(root, other, frame.band, count_rows).data[start:]
    except MissingFrameError:
        return nothing
