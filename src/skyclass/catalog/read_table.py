"""Read a catalogue file, keeping its 64-bit ids exact."""

import csv
import gzip
import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from skyclass.catalog.ids import exact_ids
from skyclass.errors import CatalogError, nearest
from skyclass.files import AnyPath
from skyclass.schema import IDS, KNOWN, MODEL_MAGNITUDES

__all__ = ["read_table"]

MAX_BYTES: Final = 32 * 2**30
"""Most bytes that a compressed table may unpack to (10^7 rows of 40 columns have 4 GB)."""

_PART: Final = 2**24
_CANONICAL = {name.lower(): name for name in KNOWN}
_PLAIN_NAMES: Final = ("u", "g", "r", "i", "z")
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_table(path: AnyPath, *, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a table of objects by its file's ending.

    Parameters
    ----------
    path
        ``.csv`` (a SkyServer ``#Table1`` line is passed over), ``.ecsv``, ``.parquet``, ``.fits``
        or ``.vot`` / ``.xml`` (VOTable); each also with ``.gz``.
    columns
        For a column that skyclass knows, its name in the file, where that is another.

    Returns
    -------
    pandas.DataFrame
        One row an object. Columns that skyclass knows are spelt its way, whatever their case in the
        file; five columns named u g r i z are model magnitudes. `objid` and `specobjid` are UInt64,
        missing where the file no longer has them exactly: ``attrs["rounded"]`` counts those.

    Raises
    ------
    CatalogError
        Where the file is missing, of an unknown kind, unreadable, separated by something else than
        commas, has two columns of one name, or has no row.
    """
    path = Path(path)
    if not path.is_file():
        raise CatalogError(f"{path} does not exist")
    names = dict(columns or {})
    try:
        table = _read(path, names)
    except CatalogError:
        raise
    except Exception as error:  # each reader raises its own kinds on a broken file
        raise CatalogError(f"{path} cannot be read as a table: {_one_line(error)}") from error
    table = table.rename(columns=_spelling(path, [str(name) for name in table.columns], names))
    _refuse_twice(path, [str(name) for name in table.columns])
    if table.empty:
        raise CatalogError(f"{path} has no rows")
    rounded = {}
    for name in IDS:
        if name in table:
            table[name], rounded[name] = exact_ids(table[name])
    table.attrs["rounded"] = rounded
    return table


def _read(path: Path, names: dict[str, str]) -> pd.DataFrame:
    """Read by ending."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    ending = suffixes[-1] if suffixes else ""
    packed = path.suffix.lower() == ".gz"
    if ending == ".csv":
        return _read_csv(path, packed, names)
    if ending in {".parquet", ".pq"}:
        return pd.read_parquet(_unpacked(path) if packed else path)
    formats = {".fits": "fits", ".fit": "fits", ".ecsv": "ascii.ecsv"}
    formats |= dict.fromkeys((".vot", ".votable", ".xml"), "votable")
    if ending in formats:
        return _read_astropy(path, packed, formats[ending])
    raise CatalogError(f"{path} has no known ending; use .csv, .ecsv, .parquet, .fits or .vot")


def _unpacked(path: Path) -> io.BytesIO:
    """Unpack a gzip file, within the size limit."""
    content = io.BytesIO()
    with gzip.open(path) as file:
        while part := file.read(_PART):
            content.write(part)
            if content.tell() > MAX_BYTES:
                raise CatalogError(f"{path} unpacks to more than {MAX_BYTES} bytes")
    content.seek(0)
    return content


def _read_csv(path: Path, packed: bool, names: dict[str, str]) -> pd.DataFrame:
    """Read comma-separated values; ids as text, so that no digit is lost."""
    with _opened(path, packed) as file:
        first = file.readline()
        skip = int(first.startswith("#"))
        header = next(csv.reader([file.readline() if skip else first]), [])
    _check_header(path, header)
    spelling = _spelling(path, header, names)
    # few distinct strings: as categories they take less memory and no time to copy
    kinds = {name: "category" for name in header if spelling[name] in ("class", "subclass")}
    table = _parsed(path, packed, skiprows=skip, dtype=kinds)
    inexact = [
        name
        for name in header
        if spelling[name] in IDS and not pd.api.types.is_integer_dtype(table[name])
    ]
    if inexact:
        # a gap makes numbers floating-point; as text no digit is lost
        text = _parsed(path, packed, skiprows=skip, usecols=inexact, dtype=str)
        table[inexact] = text[inexact]
    return table


def _parsed(path: Path, packed: bool, **options: Any) -> pd.DataFrame:
    """Parse comma-separated values; pandas is fastest where it opens the file itself."""
    source = _unpacked(path) if packed else path
    table: pd.DataFrame = pd.read_csv(source, encoding="utf-8-sig", **options)
    return table


def _opened(path: Path, packed: bool) -> IO[str]:
    """Open a text file that may be packed."""
    if packed:
        return io.TextIOWrapper(_unpacked(path), encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig", newline="")


def _check_header(path: Path, header: list[str]) -> None:
    """Refuse a header that is one column only because the separator is another."""
    _refuse_twice(path, header)
    for separator, name in _SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise CatalogError(
                f"{path} is separated by {name}; save it with commas, or as Parquet or FITS"
            )


def _read_astropy(path: Path, packed: bool, kind: str) -> pd.DataFrame:
    """Read FITS, VOTable or ECSV: the one-dimensional columns."""
    from astropy.table import Table

    source: Any = _unpacked(path) if packed else str(path)
    table = Table.read(source, format=kind)
    flat = table[[name for name in table.colnames if table[name].ndim == 1]]
    _refuse_hours(path, flat)
    flat.convert_bytestring_to_unicode()
    frame: pd.DataFrame = flat.to_pandas()
    return frame


def _refuse_hours(path: Path, table: Any) -> None:
    """Refuse right ascensions whose unit says that they are hours."""
    for name in table.colnames:
        if _canonical(name) == "ra" and str(table[name].unit) in {"hourangle", "h"}:
            raise CatalogError(f"{path}: {name} is in hours; give degrees (15 times the hours)")


def _spelling(path: Path, found: list[str], names: dict[str, str]) -> dict[str, str]:
    """Say how each of the file's columns is to be called."""
    spelling = {name: _canonical(name) for name in found}
    lower = {name.strip().lower() for name in found}
    if lower.issuperset(_PLAIN_NAMES) and not lower & {m.lower() for m in MODEL_MAGNITUDES}:
        plain = dict(zip(_PLAIN_NAMES, MODEL_MAGNITUDES, strict=True))
        spelling |= {name: plain[key] for name in found if (key := name.strip().lower()) in plain}
    for wanted, foreign in names.items():
        if foreign not in spelling:
            raise CatalogError(
                f"{path} has no column {foreign!r} to take as {wanted};"
                f" did you mean {nearest(foreign, found)!r}?"
            )
        spelling[foreign] = _canonical(wanted)
    return spelling


def _canonical(name: str) -> str:
    """Spell a column's name the way skyclass does."""
    return _CANONICAL.get(name.strip().lower(), name.strip())


def _refuse_twice(path: Path, names: list[str]) -> None:
    """Refuse two columns of one name."""
    for i, name in enumerate(names):
        if name in names[:i]:
            raise CatalogError(f"{path} has two columns named {name!r}; rename or remove one")


def _one_line(error: Exception) -> str:
    """Give the first line of a message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
