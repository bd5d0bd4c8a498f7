"""Query a catalogue in T-SQL, in a database that is locked down."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from skyclass.catalog.read_table import read_table
from skyclass.errors import ArchiveError, CatalogError
from skyclass.extras import check_installed
from skyclass.mock_archive.sql_views import VIEWS, create_views
from skyclass.mock_archive.tsql import Context, translate
from skyclass.surveys.sdss.layout import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Database", "Rows"]

MAX_ROWS: Final = 500_000
"""Most rows of an answer, as at the real server."""

QUERY_SECONDS: Final = 600.0
"""Seconds after which a query is interrupted, as by the real server."""

_SETTINGS: Final = (
    # as at the real server, upper and lower case are equal, and 1 / 2 is 0
    "SET default_collation = 'nocase'",
    "SET GLOBAL integer_division = true",
    # a query must not see Python's variables or files, nor undo these settings
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


@dataclass(frozen=True)
class Rows:
    """The result of a query."""

    columns: list[str]
    """Names of the columns."""
    values: list[tuple[Any, ...]]
    """One tuple per row; None for a missing value."""


class Database:
    """The tables of the archive as views of one catalogue, and MyDB.

    Parameters
    ----------
    catalog
        Table of objects that `skyclass.catalog` can read.

    Raises
    ------
    ArchiveError
        Where it cannot be read, or has no exact ids.
    MissingExtraError
        Where DuckDB or sqlglot is not installed.
    """

    def __init__(self, catalog: Path) -> None:
        self._connection = _connect()
        self._connection.register("incoming", _read_catalog(catalog))
        self._connection.execute("CREATE TABLE catalog AS SELECT * FROM incoming")
        self._connection.unregister("incoming")
        create_views(self._connection)
        self._connection.execute("CREATE SCHEMA mydb")
        for setting in _SETTINGS:
            self._connection.execute(setting)

    def query(self, text: str, context: Context) -> Rows:
        """Run one SELECT.

        Parameters
        ----------
        text
            T-SQL.
        context
            Service and database that are queried.

        Returns
        -------
        Rows
            At most `MAX_ROWS`.

        Raises
        ------
        ArchiveError
            Where the query is refused or fails.
        """
        query = translate(text, VIEWS, context)
        if query.into is not None:
            raise ArchiveError("INTO is allowed in CasJobs only")
        # `translate` passes nothing but reading queries; the transaction makes doubly sure
        with self._open_cursor("BEGIN TRANSACTION READ ONLY") as cursor:
            cursor.execute(query.sql)
            columns = [str(column[0]) for column in cursor.description or []]
            return Rows(columns, cursor.fetchmany(MAX_ROWS))

    def query_into(self, text: str) -> int:
        """Run a query whose result goes to a new table of MyDB.

        Parameters
        ----------
        text
            T-SQL with ``INTO mydb.NAME``.

        Returns
        -------
        int
            Number of rows.

        Raises
        ------
        ArchiveError
            Where the query is refused or fails, or the table is there already.
        """
        query = translate(text, VIEWS, "release")
        if query.into is None:
            raise ArchiveError("a job needs INTO mydb.NAME to keep its result")
        with self._open_cursor("BEGIN TRANSACTION") as cursor:
            cursor.execute(f'CREATE TABLE mydb."{query.into}" AS {query.sql}')
            [(count,)] = cursor.execute(f'SELECT count(*) FROM mydb."{query.into}"').fetchall()
            cursor.execute("COMMIT")
        return int(count)

    @contextmanager
    def _open_cursor(self, begin: str) -> "Iterator[DuckDBPyConnection]":
        """Open a separate connection in a transaction, for at most `QUERY_SECONDS`."""
        import duckdb

        cursor = self._connection.cursor()
        timer = threading.Timer(QUERY_SECONDS, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            cursor.execute(begin)
            yield cursor
        except duckdb.Error as error:
            raise ArchiveError(str(error).split("\n")[0][:500]) from error
        finally:
            timer.cancel()
            cursor.close()


def _connect() -> "DuckDBPyConnection":
    """Open an empty database in memory."""
    check_installed("duckdb", "sqlglot", purpose="a query service")
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "2GB",
        "temp_directory": "",
        "threads": 2,
    }
    return duckdb.connect(":memory:", config=config)


def _read_catalog(catalog: Path) -> pd.DataFrame:
    """Read the catalogue; PSF magnitudes stand in for missing model magnitudes."""
    try:
        table = read_table(catalog)
    except CatalogError as error:
        raise ArchiveError(str(error)) from error
    for name in ("objid", "specobjid"):
        if name not in table or table[name].isna().any():
            raise ArchiveError(
                f"{catalog} has no exact {name} on every row; correct it, or move it away"
                " to serve frames without queries"
            )
    stand_in = {
        f"modelMag_{band}": table[f"psfMag_{band}"]
        for band in BANDS
        if f"modelMag_{band}" not in table and f"psfMag_{band}" in table
    }
    text = {
        str(name): table[name].astype("string")
        for name in table
        if isinstance(table[name].dtype, pd.CategoricalDtype)
    }
    return table.assign(**stand_in, **text)
