"""The kinds of files that are downloaded for the objects of a catalogue."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.schema import IDS, POSITION
from skyclass.transfer.file_request import FileRequest

__all__ = [
    "FileKind",
    "Picture",
    "Row",
    "check_columns",
    "iterate_rows",
    "select_columns",
    "shard_path",
]

Row = Mapping[str, Any]
"""One object: catalogue columns by name."""

_SKY: Final[Mapping[str, tuple[int, int]]] = {"ra": (0, 360), "dec": (-90, 90)}


@dataclass(frozen=True)
class Picture:
    """Options of a cutout; each archive uses those that it offers."""

    width: int | None = None
    """Pixels; None takes the archive's default."""
    height: int | None = None
    """Pixels; None: as the width."""
    scale: float | None = None
    """Arcsec per pixel of an SDSS colour cutout; None takes that of the frames."""
    opt: str = ""
    """Drawing options of an SDSS colour cutout, such as ``G`` (grid) or ``L`` (label)."""
    bands: str | None = None
    """Bands of Pan-STARRS; None takes the default of the kind of file."""
    image_format: str = "jpg"
    """``jpg`` or ``png``, for Pan-STARRS colour cutouts."""


@dataclass(frozen=True)
class FileKind:
    """One kind of file that can be downloaded for the objects of a catalogue."""

    name: str
    """Name of the kind, such as ``frames``."""
    columns: tuple[str, ...]
    """Catalogue columns needed; rows that agree in them, and in the ids, need the same files."""
    files: Callable[[Row, SurveyConfig, Picture], list[FileRequest]]
    """Builds the requests for the files of one object."""
    by_object: bool = True
    """Whether each object has files of its own; otherwise those of its field."""
    limits: Mapping[str, tuple[int, int]] = field(default_factory=lambda: _SKY)
    """Least and largest value of the columns that are numbers; all but ra and dec are integers."""
    typical_bytes: float | None = None
    """Mean size of a file as it is sent, for estimates."""
    default_width: int | None = None
    """Pixels a side where no width is asked for; None where files are not cut to size."""
    find_lacking_bands: Callable[[Path], str] | None = None
    """Names the bands that a whole file has no image in, where one file holds all bands of an
    object; None where each band has its own."""


def select_columns(table: pd.DataFrame, kind: FileKind) -> pd.DataFrame:
    """Select the columns that distinguish the files of one row from those of another.

    Parameters
    ----------
    table
        Catalogue.
    kind
        Kind of file.

    Returns
    -------
    pandas.DataFrame
        The same rows in the same order; with the ids where files are an object's own.

    Raises
    ------
    SurveyError
        Where a column is missing, or a row has no usable value in it.
    """
    check_columns(table, kind.columns, kind.name, kind.limits)
    ids = [name for name in IDS if name in table] if kind.by_object else []
    return table[[*ids, *kind.columns]]


def check_columns(
    table: pd.DataFrame,
    names: Iterable[str],
    purpose: str,
    limits: Mapping[str, tuple[int, int]] = _SKY,
) -> None:
    """Check that a catalogue has some columns, with a usable value in every row.

    Parameters
    ----------
    table
        Catalogue.
    names
        Columns.
    purpose
        What needs them, for the message.
    limits
        Least and largest value of those that are numbers.

    Raises
    ------
    SurveyError
        Where a column is missing, or a row has no usable value in it.
    """
    for name in names:
        if name not in table:
            raise SurveyError(f"{purpose} needs the column {name!r}, which the table lacks")
        unusable = _mark_unusable(table[name], limits.get(name))
        if unusable.any():
            where = int(unusable.argmax())
            raise SurveyError(
                f"row {where + 1} of the catalogue has {name} = {table[name].iloc[where]!s:.40},"
                f" which is not usable ({int(unusable.sum())} such row(s)); remove them,"
                " or clean the table with `build_catalog`"
            )


def _mark_unusable(column: "pd.Series[Any]", limits: tuple[int, int] | None) -> NDArray[np.bool_]:
    """Mark the values that are missing, not numbers, or outside the limits."""
    if limits is None:
        return column.isna().to_numpy(dtype=bool)
    values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    good = (values >= limits[0]) & (values <= limits[1])
    if column.name not in POSITION:
        good &= values == np.floor(values)
    return np.asarray(~good, dtype=bool)


def iterate_rows(distinct: pd.DataFrame) -> Iterator[Row]:
    """Iterate over the rows of a table, so that none is made before it is needed.

    Parameters
    ----------
    distinct
        What `select_columns` returns, each row once.

    Yields
    ------
    Mapping
        Values by column, in the table's order.
    """
    names = [str(name) for name in distinct.columns]
    for values in distinct.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def shard_path(folder: str, name: str) -> str:
    """Put a name into one of 4,096 sub-folders, so that no folder grows too large to list.

    Parameters
    ----------
    folder
        Folder of all these files.
    name
        File's name.

    Returns
    -------
    str
        ``folder/xyz/name`` with the first hexadecimal digits of the name's SHA-256.
    """
    return f"{folder}/{sha256(name.encode()).hexdigest()[:3]}/{name}"
