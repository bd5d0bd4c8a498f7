"""The Sloan Digital Sky Survey as a `Survey`."""

from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.sections import CatalogConfig
from skyclass.errors import MissingFrameError
from skyclass.frames.frame import Frame
from skyclass.progress import Progress
from skyclass.surveys.sdss.getjpeg import SDSS_JPEG
from skyclass.surveys.sdss.layout import (
    BANDS,
    FIELD_KEY,
    GAIN,
    NANOMAGGIES_PER_COUNT,
    PIXEL_SCALE,
    PRIMARY_ROWS,
    SATURATION,
    SOFTENING,
    Field,
    find_fields,
    find_frame,
    make_frame_path,
)
from skyclass.surveys.sdss.objid import decode_objid
from skyclass.surveys.sdss.paged_query import check_query, fetch_table, look_up_frame_keys
from skyclass.surveys.sdss.queries import make_nearby_query
from skyclass.surveys.sdss.reader import extend_frame, list_neighbours, open_field
from skyclass.surveys.sdss.requests import FRAMES, check_frame
from skyclass.surveys.sdss.skyserver import HOST, SkyServer
from skyclass.surveys.survey import Band, Survey, Unit, UnitFile

__all__ = ["SDSS"]

_WAVELENGTH: Final = (3551.0, 4686.0, 6166.0, 7480.0, 8932.0)
"""Angstrom (https://www.sdss4.org/instruments/camera/)."""

_EXTINCTION: Final = (4.239, 3.303, 2.285, 1.698, 1.263)
"""For R_V = 3.1 (Schlafly & Finkbeiner 2011, ApJ 737, 103, table 6)."""


def _look_up_key(
    table: pd.DataFrame,
    config: CatalogConfig,
    work: Path,
    read: Callable[[Path], pd.DataFrame],
    progress: Progress,
) -> pd.DataFrame:
    """Look up the fields of positions on the server that a configuration names."""
    server = SkyServer(config.release, config.base_url or HOST)
    return look_up_frame_keys(table, server, work, read, progress)


def _find_keys(ra: float, dec: float, radius: float, config: CatalogConfig) -> pd.DataFrame:
    """Find the fields that hold objects around a position."""
    server = SkyServer(config.release, config.base_url or HOST)
    answer = server.query(make_nearby_query(ra, dec, radius))
    return pd.DataFrame(columns=FIELD_KEY) if answer is None else pd.read_csv(StringIO(answer))


def _make_field(key: tuple[int | str, ...]) -> Field:
    """Build a field of the values of its key."""
    return Field(*(int(part) for part in key))


def _list_files(root: Path, unit: Unit) -> list[UnitFile]:
    """List the frames of a field that lie in a directory, in the archive's layout or flat."""
    field, files = Field.from_unit(unit), []
    for band in BANDS:
        try:
            path = find_frame(root, field, band)
        except MissingFrameError:
            continue
        name = make_frame_path(field, band).as_posix()
        files.append(UnitFile(name, path, partial(check_frame, field=field, band=band)))
    return files


def _is_primary(_frame: Frame, sources: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the sources on the rows that are a field's own."""
    first, end = PRIMARY_ROWS
    return np.asarray((sources["y"] >= first) & (sources["y"] < end), dtype=bool)


def _find_owners(unit: Unit, sources: pd.DataFrame) -> list[Unit]:
    """Name the field that owns the row of each source; a scan begins with its first field."""
    own = Field.from_unit(unit)
    first, end = PRIMARY_ROWS
    steps = (sources["y"] >= end).astype(int) - (sources["y"] < first).astype(int)
    fields = {own.field + step: own for step in (-1, 0, 1)}
    fields |= {Field.from_unit(each).field: Field.from_unit(each) for each in list_neighbours(own)}
    return [fields[own.field + step] for step in steps]


SDSS: Final = Survey(
    name="sdss",
    title="SDSS corrected frames",
    bands=tuple(
        Band(
            name,
            wavelength,
            softening=SOFTENING[index],
            extinction=_EXTINCTION[index],
            saturation=SATURATION[index],
            gain=float(np.median(GAIN, axis=0)[index]) / NANOMAGGIES_PER_COUNT[index],
        )
        for index, (name, wavelength) in enumerate(zip(BANDS, _WAVELENGTH, strict=True))
    ),
    pixel_scale=PIXEL_SCALE,
    detection_band="r",
    key=FIELD_KEY,
    open_unit=open_field,
    find_units=find_fields,
    list_files=_list_files,
    extend=extend_frame,
    find_neighbours=list_neighbours,
    is_primary=_is_primary,
    find_owners=_find_owners,
    frames=FRAMES,
    pictures=(SDSS_JPEG,),
    explorer="https://skyserver.sdss.org/dr{release}/VisualTools/explore/summary?ra={ra}&dec={dec}",
    hips="P/SDSS9/color",
    fetch_catalog=fetch_table,
    check_query=check_query,
    look_up_key=_look_up_key,
    find_keys=_find_keys,
    decode_ids=decode_objid,
    make_unit=_make_field,
)
