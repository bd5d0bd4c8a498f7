"""Read a catalogue file, keeping its 64-bit ids exact."""

import gzip
from pathlib import Path

import pandas as pd
from astropy.table import Table

from skyclass.catalog.schema import IDS, KNOWN
from skyclass.errors import CatalogError

__all__ = ["read_table"]

_CANONICAL = {name.lower(): name for name in KNOWN}


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of objects by its file's ending.

    Parameters
    ----------
    path
        ``.csv`` (a SkyServer ``#Table1`` line is passed over), ``.parquet``, ``.fits`` or
        ``.vot`` / ``.xml`` (VOTable); CSV, FITS and VOTable also with ``.gz``.

    Returns
    -------
    pandas.DataFrame
        One row an object. Columns that skyclass knows are spelt its way; `objid` and `specobjid`
        are strings of digits.

    Raises
    ------
    CatalogError
        Where the file is missing, of an unknown kind, unreadable, or has no row.
    """
    if not path.is_file():
        raise CatalogError(f"{path} does not exist")
    try:
        table = _read(path)
    except CatalogError:
        raise
    except Exception as error:  # each reader raises its own kinds on a broken file
        raise CatalogError(f"{path} cannot be read as a table: {_one_line(error)}") from error
    table = table.rename(columns={name: _canonical(name) for name in table.columns})
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise CatalogError(f"{path} has two columns named {twice[0]!r}; rename one")
    if table.empty:
        raise CatalogError(f"{path} has no rows")
    for name in IDS:
        if name in table:
            table[name] = _digits(table[name])
    return table


def _read(path: Path) -> pd.DataFrame:
    """Read by ending."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    ending = suffixes[-1] if suffixes else ""
    if ending == ".csv":
        return _read_csv(path)
    if ending in {".parquet", ".pq"}:
        return pd.read_parquet(path)
    if ending in {".fits", ".fit"}:
        return _to_pandas(Table.read(path, format="fits"))
    if ending in {".vot", ".votable", ".xml"}:
        return _to_pandas(Table.read(path, format="votable"))
    raise CatalogError(f"{path} has no known ending; use .csv, .parquet, .fits or .vot")


def _read_csv(path: Path) -> pd.DataFrame:
    """Read comma-separated values; ids as text, so that no digit is lost."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        skip = int(file.readline().startswith("#"))
    names = pd.read_csv(path, nrows=0, skiprows=skip).columns
    ids = {name: str for name in names if _canonical(name) in IDS}
    return pd.read_csv(path, skiprows=skip, dtype=ids, low_memory=False)


def _to_pandas(table: Table) -> pd.DataFrame:
    """Make a DataFrame of an astropy table's one-dimensional columns."""
    flat = table[[name for name in table.colnames if table[name].ndim == 1]]
    flat.convert_bytestring_to_unicode()
    frame: pd.DataFrame = flat.to_pandas()
    return frame


def _canonical(name: str) -> str:
    """Spell a column's name the way skyclass does."""
    return _CANONICAL.get(name.strip().lower(), name.strip())


def _digits(ids: "pd.Series[str]") -> "pd.Series[str]":
    """Give ids as digits; what is no whole number (1.24E+18) is missing."""
    if pd.api.types.is_float_dtype(ids):
        return pd.Series(pd.NA, index=ids.index, dtype="string")
    if pd.api.types.is_integer_dtype(ids) and ids.dtype.kind == "i":
        # an id beyond 2**63 comes back negative from readers without unsigned integers
        ids = ids.astype("Int64").map(lambda i: int(i) % 2**64, na_action="ignore")
    text = ids.astype("string").str.strip()
    return text.where(text.str.fullmatch(r"\d{1,20}").fillna(False).astype(bool))


def _one_line(error: Exception) -> str:
    """Give the first line of a message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
