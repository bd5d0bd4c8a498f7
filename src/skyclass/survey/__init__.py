"""One module per archive: addresses, file names, and how to read and check one file."""

from skyclass.survey.archives import ARCHIVES, get_archive
from skyclass.survey.decode import decoder_name
from skyclass.survey.download import download, missing_files
from skyclass.survey.engine import Tally
from skyclass.survey.manifest import read_status
from skyclass.survey.pictures import picture_paths, read_picture
from skyclass.survey.request import Archive, FileRequest, Picture
from skyclass.survey.sdss import (
    BANDS,
    FRAME_LESS_FIELD,
    FRAME_SHAPE,
    PIXEL_SCALE,
    PRIMARY_ROWS,
    ROWS_PER_FIELD,
    SATURATION,
    Field,
    RawFrame,
    find_fields,
    find_frame,
    frame_path,
    read_frame,
)
from skyclass.survey.simulated import SIMULATED, is_simulated
from skyclass.survey.supply import supply_frames, supply_pictures, verify_catalog_frames
from skyclass.survey.verify import verify_frames

__all__ = [
    "ARCHIVES",
    "BANDS",
    "FRAME_LESS_FIELD",
    "FRAME_SHAPE",
    "PIXEL_SCALE",
    "PRIMARY_ROWS",
    "ROWS_PER_FIELD",
    "SATURATION",
    "SIMULATED",
    "Archive",
    "Field",
    "FileRequest",
    "Picture",
    "RawFrame",
    "Tally",
    "decoder_name",
    "download",
    "find_fields",
    "find_frame",
    "frame_path",
    "get_archive",
    "is_simulated",
    "missing_files",
    "picture_paths",
    "read_frame",
    "read_picture",
    "read_status",
    "supply_frames",
    "supply_pictures",
    "verify_catalog_frames",
    "verify_frames",
]
