"""One module per archive: file names, and how to read and check one file."""

from skyclass.survey.decode import decoder_name
from skyclass.survey.sdss import (
    BANDS,
    FRAME_SHAPE,
    PIXEL_SCALE,
    PRIMARY_ROWS,
    SATURATION,
    Field,
    RawFrame,
    find_fields,
    find_frame,
    frame_path,
    read_frame,
)

__all__ = [
    "BANDS",
    "FRAME_SHAPE",
    "PIXEL_SCALE",
    "PRIMARY_ROWS",
    "SATURATION",
    "Field",
    "RawFrame",
    "decoder_name",
    "find_fields",
    "find_frame",
    "frame_path",
    "read_frame",
]
