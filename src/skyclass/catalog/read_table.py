"""Read a table of objects, keeping its 64-bit ids exact."""

import csv
import gzip
import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from skyclass.catalog.astropy_table import convert_table
from skyclass.catalog.ids import parse_id_columns
from skyclass.catalog.position_columns import PositionColumns, complete_positions
from skyclass.errors import CatalogError, nearest
from skyclass.files import AnyPath
from skyclass.schema import (
    DEFAULT_SURVEY,
    EXTINCTION,
    IDS,
    MODEL_MAGNITUDE,
    OTHER_COLUMNS,
    POSITION,
    PSF_MAGNITUDE,
    PSF_WIDTH,
    SPECTRUM,
    TOTAL_MAGNITUDE,
    name_columns,
)
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.transfer.integrity import BLOCK, compute_data_size

__all__ = ["read_raw_table", "read_table"]

MAX_BYTES: Final = 32 * 2**30
"""Most bytes that a compressed table may decompress to (10^7 rows of 40 columns have 4 GB)."""

_PART: Final = 2**24
_QUANTITIES: Final = (PSF_MAGNITUDE, MODEL_MAGNITUDE, TOTAL_MAGNITUDE, EXTINCTION, PSF_WIDTH)
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_table(
    path: AnyPath,
    *,
    columns: Mapping[str, str] | None = None,
    positions: PositionColumns | None = None,
    survey: str = DEFAULT_SURVEY,
) -> pd.DataFrame:
    """Read a table of objects; the file's ending tells its format.

    Parameters
    ----------
    path
        ``.csv`` (a SkyServer ``#Table1`` line is skipped), ``.ecsv``, ``.parquet``, ``.fits``
        or ``.vot`` / ``.xml`` (VOTable); each also with ``.gz``.
    columns
        For a column that skyclass knows, its name in the file, where that is another.
    positions
        Which columns hold the positions, where their names are not known, and their unit where the
        file does not state it.
    survey
        Name of the survey whose bands and key columns the file has.

    Returns
    -------
    pandas.DataFrame
        One row per object. Columns that skyclass knows get its names, whatever their case in the
        file; columns named like all bands of the survey (u g r i z) are model magnitudes. `objid`
        and `specobjid` are UInt64, missing where the file no longer has them exactly. Where
        positions are in columns of other names (VizieR's, Gaia's), in hours or radians, or
        sexagesimal, `ra` and `dec` in degrees are added
        (`skyclass.catalog.position_columns.complete_positions`).

    Raises
    ------
    CatalogError
        If the file is missing, of an unknown format, unreadable, not separated by commas, has two
        columns of one name, or has no rows.
    """
    table = read_raw_table(path, columns=columns, positions=positions, survey=survey)
    return parse_id_columns(table)[0]


def read_raw_table(
    path: AnyPath,
    *,
    columns: Mapping[str, str] | None = None,
    positions: PositionColumns | None = None,
    survey: str = DEFAULT_SURVEY,
) -> pd.DataFrame:
    """Read a table of objects with its ids as they stand in the file.

    Parameters
    ----------
    path, columns, positions, survey
        As for `read_table`.

    Returns
    -------
    pandas.DataFrame
        As `read_table` returns it, but for `objid` and `specobjid`.

    Raises
    ------
    CatalogError
        As for `read_table`.
    """
    path = Path(path)
    if not path.is_file():
        raise CatalogError(f"{path} does not exist")
    names = _ColumnNames(get_survey(survey), dict(columns or {}))
    try:
        table, units = _read(path, names)
    except CatalogError:
        raise
    except Exception as error:  # each reader raises its own kinds on a broken file
        raise CatalogError(f"{path} is not a readable table: {_first_line(error)}") from error
    spelling = names.map(path, [str(name) for name in table.columns])
    table = table.rename(columns=spelling)
    _check_unique(path, [str(name) for name in table.columns])
    if table.empty:
        raise CatalogError(f"{path} has no rows")
    positions = (positions or PositionColumns()).rename(spelling)
    units = {spelling[name]: unit for name, unit in units.items()}
    try:
        return complete_positions(table, units, positions)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error}") from error


def _read(path: Path, names: "_ColumnNames") -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a file in the format that its ending tells, and the units of angles that it states."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    ending = suffixes[-1] if suffixes else ""
    compressed = path.suffix.lower() == ".gz"
    if ending == ".csv":
        return _read_csv(path, compressed, names), {}
    if ending in {".parquet", ".pq"}:
        return pd.read_parquet(_decompress(path) if compressed else path), {}
    formats = {".fits": "fits", ".fit": "fits", ".ecsv": "ascii.ecsv"}
    formats |= dict.fromkeys((".vot", ".votable", ".xml"), "votable")
    if ending in formats:
        return _read_astropy(path, compressed, formats[ending])
    raise CatalogError(f"{path} has an unknown ending; use .csv, .ecsv, .parquet, .fits or .vot")


def _decompress(path: Path) -> io.BytesIO:
    """Decompress a gzip file, within the size limit."""
    content = io.BytesIO()
    with gzip.open(path) as file:
        while part := file.read(_PART):
            content.write(part)
            if content.tell() > MAX_BYTES:
                raise CatalogError(f"{path} decompresses to more than {MAX_BYTES} bytes")
    content.seek(0)
    return content


def _read_csv(path: Path, compressed: bool, names: "_ColumnNames") -> pd.DataFrame:
    """Read comma-separated values; ids as text, so that no digit is lost."""
    with _open_text(path, compressed) as file:
        first = file.readline()
        skip = int(first.startswith("#"))
        header = next(csv.reader([file.readline() if skip else first]), [])
    _check_header(path, header)
    spelling = names.map(path, header)
    # few distinct strings: as categories they take less memory and no time to copy
    kinds = {name: "category" for name in header if spelling[name] in ("class", "subclass")}
    # a tile such as 0012 is no number
    kinds |= {name: "str" for name in header if spelling[name] in names.text_columns}
    table = _parse_csv(path, compressed, skiprows=skip, dtype=kinds)
    inexact = [
        name
        for name in header
        if spelling[name] in IDS and not pd.api.types.is_integer_dtype(table[name])
    ]
    if inexact:
        # a gap makes numbers floating-point; text keeps every digit
        text = _parse_csv(path, compressed, skiprows=skip, usecols=inexact, dtype=str)
        table[inexact] = text[inexact]
    return table


def _parse_csv(path: Path, compressed: bool, **options: Any) -> pd.DataFrame:
    """Parse comma-separated values; pandas is fastest when it opens the file itself."""
    source = _decompress(path) if compressed else path
    table: pd.DataFrame = pd.read_csv(source, encoding="utf-8-sig", **options)
    return table


def _open_text(path: Path, compressed: bool) -> IO[str]:
    """Open a text file, which may be compressed."""
    if compressed:
        return io.TextIOWrapper(_decompress(path), encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig", newline="")


def _check_header(path: Path, header: list[str]) -> None:
    """Check that the header is not one column only because the separator is not a comma."""
    _check_unique(path, header)
    for separator, name in _SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise CatalogError(
                f"{path} is separated by {name}; save it with commas, or as Parquet or FITS"
            )


def _read_astropy(path: Path, compressed: bool, kind: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read FITS, VOTable or ECSV: the one-dimensional columns, and their units."""
    from astropy.table import Table

    with _decompress(path) if compressed else path.open("rb") as source:
        if kind == "fits":
            _check_sizes(source)
        return convert_table(Table.read(source, format=kind))


def _check_sizes(source: IO[bytes]) -> None:
    """Check the sizes that the headers of a FITS file state: astropy takes time for any."""
    from astropy.io import fits

    source.seek(0)
    with suppress(EOFError):
        while True:
            size = compute_data_size(fits.Header.fromfile(source))
            source.seek(-(-size // BLOCK) * BLOCK, io.SEEK_CUR)
    source.seek(0)


@dataclass(frozen=True)
class _ColumnNames:
    """How the columns of a file are to be called."""

    survey: Survey
    """Its bands and key columns are known."""
    foreign: Mapping[str, str]
    """For a known column, its name in the file."""

    @cached_property
    def known(self) -> dict[str, str]:
        """Names of the columns that skyclass knows, by the same in small letters."""
        bands = self.survey.band_names
        measured = [name for quantity in _QUANTITIES for name in name_columns(quantity, bands)]
        names = (*IDS, *POSITION, *self.survey.key, *SPECTRUM, *measured, *OTHER_COLUMNS)
        return {name.lower(): name for name in names}

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns that are text even where they look like numbers."""
        return self.survey.key if self.survey.text_key else ()

    def map(self, path: Path, columns: list[str]) -> dict[str, str]:
        """Map the names of a file's columns to those of skyclass."""
        names = {name: self._canonicalise(name) for name in columns}
        lower = {name.strip().lower() for name in columns}
        models = name_columns(MODEL_MAGNITUDE, self.survey.band_names)
        plain = {band.lower(): m for band, m in zip(self.survey.band_names, models, strict=True)}
        if lower.issuperset(plain) and not lower & {model.lower() for model in models}:
            names |= {name: plain[k] for name in columns if (k := name.strip().lower()) in plain}
        for wanted, foreign in self.foreign.items():
            if foreign not in names:
                raise CatalogError(
                    f"{path} has no column {foreign!r} to read as {wanted};"
                    f" did you mean {nearest(foreign, columns)!r}?"
                )
            names[foreign] = self._canonicalise(wanted)
        return names

    def _canonicalise(self, name: str) -> str:
        """Return the name that skyclass gives to a column."""
        return self.known.get(name.strip().lower(), name.strip())


def _check_unique(path: Path, names: list[str]) -> None:
    """Check that no two columns have one name."""
    for i, name in enumerate(names):
        if name in names[:i]:
            raise CatalogError(f"{path} has two columns named {name!r}; rename or remove one")


def _first_line(error: Exception) -> str:
    """Return the first line of a message, which may quote the file, shortened."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line if len(line) <= 300 else f"{line[:300]}..."
