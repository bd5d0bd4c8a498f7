"""Read rows beyond a frame's ends from the neighbouring fields of the run and camera column."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import MissingFrameError
from skyclass.frames.frame import Frame, open_frame
from skyclass.surveys.sdss.frames import FRAME_SHAPE, ROWS_PER_FIELD, Field

__all__ = ["extend_frame"]

_OVERLAP: Final = FRAME_SHAPE[0] - ROWS_PER_FIELD
"""Rows that consecutive fields share."""


def extend_frame(frame: Frame, root: Path, field: Field, before: int, after: int) -> Frame:
    """Extend a frame by rows of the neighbouring fields, if their frames exist.

    Consecutive fields are cut out of one scan, so row `y` of a field is row ``y + 1361`` of the one
    before it and ``y - 1361`` of the one after it, on the same columns.

    Parameters
    ----------
    frame
        Frame of the field, with all its rows if rows after it are needed.
    root
        Directory of frames.
    field
        Field key.
    before, after
        Rows needed before its first and after its last.

    Returns
    -------
    Frame
        With as many of these rows as exist.
    """
    first = _read_rows(frame, root, field, -1, ROWS_PER_FIELD - before, ROWS_PER_FIELD)
    last = _read_rows(frame, root, field, 1, _OVERLAP, _OVERLAP + after)
    data = np.concatenate([first, frame.data, last])
    return replace(frame, data=data, before=len(first))


def _read_rows(
    frame: Frame, root: Path, field: Field, step: int, start: int, stop: int
) -> NDArray[np.float32]:
    """Read some rows of the field before or after, none if it does not exist."""
    nothing = np.zeros((0, frame.shape[1]), dtype=np.float32)
    if stop <= start or frame.shape != FRAME_SHAPE or field.field + step < 1:
        return nothing
    other = Field(field.rerun, field.run, field.camcol, field.field + step)

    def rows(_wcs: WCS) -> int:
        return stop

    try:
        return open_frame(root, other, frame.band, rows).data[start:]
    except MissingFrameError:
        return nothing
