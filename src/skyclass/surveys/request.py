"""What is asked of an archive: one file, its name on disk, its address, and how it is checked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pandas as pd

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.schema import FRAME_KEYS, IDS
from skyclass.transfer.file_request import FileRequest

__all__ = ["Archive", "Picture", "Row", "needed", "rows", "sharded"]

Row = Mapping[str, Any]
"""One object: catalogue columns by name."""

_LIMITS: Final = {
    "ra": (0, 360),
    "dec": (-90, 90),
    "rerun": (0, 9999),
    "run": (1, 999_999),
    "camcol": (1, 6),
    "field": (1, 9999),
}


@dataclass(frozen=True)
class Picture:
    """What may be chosen of a cutout; each archive reads what concerns it."""

    width: int | None = None
    """Pixels; None takes the archive's default."""
    height: int | None = None
    """Pixels; None: as the width."""
    scale: float = 0.396
    """Arcsec per pixel of an SDSS colour cutout."""
    opt: str = ""
    """Drawing options of an SDSS colour cutout, such as ``G`` (grid) or ``L`` (label)."""
    bands: str | None = None
    """Bands of Pan-STARRS; None takes the default of the kind of file."""
    image_format: str = "jpg"
    """``jpg`` or ``png``, for Pan-STARRS colour cutouts."""


@dataclass(frozen=True)
class Archive:
    """One kind of file that can be downloaded for the objects of a catalogue."""

    name: str
    """Word for it, as after ``--what``."""
    columns: tuple[str, ...]
    """Catalogue columns needed; rows that agree in them, and in the ids, need the same files."""
    files: Callable[[Row, SurveyConfig, Picture], list[FileRequest]]
    """Gives the files of one object."""
    by_object: bool = True
    """Whether each object has files of its own; otherwise those of its field."""


def needed(table: pd.DataFrame, archive: Archive) -> pd.DataFrame:
    """Give the columns by which an archive tells one row's files from another's.

    Parameters
    ----------
    table
        Catalogue.
    archive
        Says which columns matter.

    Returns
    -------
    pandas.DataFrame
        The same rows in the same order; ids come in where files are an object's own.

    Raises
    ------
    SurveyError
        Where a column is missing, or a row has no usable value in it.
    """
    for name in archive.columns:
        if name not in table:
            raise SurveyError(f"{archive.name} needs the column {name!r}, which the table lacks")
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(float, na_value=np.nan)
        lowest, highest = _LIMITS.get(name, (-np.inf, np.inf))
        good = (values >= lowest) & (values <= highest)
        if name in FRAME_KEYS:
            good &= values == np.floor(values)
        if not good.all():
            where = int((~good).argmax())
            raise SurveyError(
                f"row {where + 1} of the catalogue has {name} = {table[name].iloc[where]!s:.40},"
                f" no usable value ({int((~good).sum())} such row(s)); remove them,"
                " or clean the table with `skyclass catalog`"
            )
    ids = [name for name in IDS if name in table] if archive.by_object else []
    return table[[*ids, *archive.columns]]


def rows(distinct: pd.DataFrame) -> Iterator[Row]:
    """Give the rows of a table one by one, so that none is made before it is needed.

    Parameters
    ----------
    distinct
        What `needed` gives, each row once.

    Yields
    ------
    Mapping
        Values by column, in the table's order.
    """
    names = [str(name) for name in distinct.columns]
    for values in distinct.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def sharded(folder: str, name: str) -> str:
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
