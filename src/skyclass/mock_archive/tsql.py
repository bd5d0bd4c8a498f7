"""Check T-SQL of the archive's database, and translate it to DuckDB's dialect."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from skyclass.errors import ArchiveError

__all__ = ["Context", "Query", "translate"]

Context = Literal["skyserver", "release", "mydb"]
"""Where a query runs: SkyServer has no MyDB; CasJobs needs its prefix in the context of a release,
but not in that of MyDB."""

MAX_QUERY: Final = 100_000
"""Characters of the longest query."""

FUNCTIONS: Final = ("fGetNearbyObjEq", "fGetNearestObjEq")
"""Table functions that a query may use."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_FUNCTIONS: Final = {name.lower(): name for name in FUNCTIONS}


@dataclass(frozen=True)
class Query:
    """A query that has been checked."""

    sql: str
    """One SELECT in DuckDB's dialect."""
    into: str | None
    """Table of MyDB for the result."""


def translate(text: str, tables: Collection[str], context: Context) -> Query:
    """Translate a query; anything but one SELECT from known tables is refused.

    Parameters
    ----------
    text
        T-SQL.
    tables
        Tables of the archive, in lower case.
    context
        Service and database that are queried.

    Returns
    -------
    Query
        Ready to be run.

    Raises
    ------
    ArchiveError
        Where it cannot be parsed or is not allowed, in the real server's words where it has any.
    """
    from sqlglot import exp

    tree = _parse(text)
    ctes = {cte.alias.lower() for cte in _find_all(tree, "CTE")}
    into = _remove_into(tree)
    for table in _find_all(tree, "Table"):
        _check_source(table, tables, ctes, context)
    # anything but a named table could be a function that reads files
    for kind in ("Lateral", "Unnest"):
        if next(_find_all(tree, kind), None) is not None:
            raise ArchiveError("APPLY and UNNEST are not supported by this archive")
    for like in list(_find_all(tree, "Like")):
        like.replace(exp.ILike(this=like.this, expression=like.expression))
    # a column of the answer has its name in the query, whatever its case in the table
    for column in [part for part in tree.selects if isinstance(part, exp.Column)]:
        if not column.is_star:
            column.replace(exp.alias_(column.copy(), column.name, quoted=True))
    return Query(tree.sql(dialect="duckdb"), into)


def _parse(text: str) -> Any:
    """Parse one SELECT."""
    import sqlglot
    from sqlglot import exp

    if len(text) > MAX_QUERY:
        raise ArchiveError(f"the query has more than {MAX_QUERY} characters")
    try:
        trees = [tree for tree in sqlglot.parse(text, read="tsql") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        reason = re.sub(r"\x1b\[\d*m|\s+", " ", str(error))[:200].strip()
        raise ArchiveError(
            f"Incorrect syntax: {reason or 'the query is nested too deeply'}"
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.SetOperation):
        raise ArchiveError("only one SELECT is allowed in a query")
    return trees[0]


def _find_all(tree: Any, kind: str) -> Iterator[Any]:
    """Iterate over all parts of one kind."""
    from sqlglot import exp

    yield from tree.find_all(getattr(exp, kind))


def _remove_into(tree: Any) -> str | None:
    """Remove the INTO clause of a query, and return the table that it names."""
    clause = tree.args.get("into")
    if clause is not None:
        tree.set("into", None)
    if next(_find_all(tree, "Into"), None) is not None:
        raise ArchiveError("INTO is allowed in the outermost SELECT only")
    if clause is None:
        return None
    table = clause.this
    if table.db.lower() not in {"mydb", ""} or not _NAME.fullmatch(table.name):
        raise ArchiveError(f"cannot write INTO {table.sql()}; use INTO mydb.NAME")
    return str(table.name)


def _check_source(table: Any, tables: Collection[str], ctes: set[str], context: Context) -> None:
    """Check that a table is known, and remove the prefix of its name."""
    from sqlglot import exp

    source, schema = table.this, table.text("db").lower()
    if isinstance(source, exp.Func):
        name = _FUNCTIONS.get(source.name.lower())
        if name is None or schema not in {"", "dbo"}:
            raise ArchiveError(f"Invalid object name '{source.name or source.sql()}'.")
        source.set("this", name)
        table.set("db", None)
        return
    name = table.name.lower()
    if not _NAME.fullmatch(name) or table.text("catalog"):
        raise ArchiveError(f"Invalid object name '{table.sql()}'.")
    if (schema == "mydb" and context != "skyserver") or (name in ctes and not schema):
        return
    if schema in {"", "dbo"} and name in tables:
        table.set("db", None)
    elif context == "mydb" and not schema:
        table.set("db", exp.to_identifier("mydb"))
    else:
        raise ArchiveError(f"Invalid object name '{table.sql()}'.")
