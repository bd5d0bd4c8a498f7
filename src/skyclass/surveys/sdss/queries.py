"""Queries for the catalogue server of SDSS (T-SQL), whole or in pages."""

from collections.abc import Mapping
from typing import Final

from skyclass.errors import CatalogError
from skyclass.surveys.sdss.layout import BANDS

__all__ = [
    "make_into_query",
    "make_nearby_query",
    "make_nearest_query",
    "make_page_query",
    "make_task_query",
]

_COLUMNS: Final = (
    "s.specObjID AS specobjid",
    "p.objID AS objid",
    "s.class AS class",
    "s.subClass AS subclass",
    "s.z AS redshift",
    *(f"s.{name} AS {name}" for name in ("zWarning", "sciencePrimary", "snMedian")),
    *(f"s.{name} AS {name}" for name in ("plate", "mjd", "fiberID")),
    *(f"p.{name} AS {name}" for name in ("ra", "dec", "rerun", "run", "camcol", "field")),
    *(f"p.{name} AS {name}" for name in ("mode", "clean", "type")),
    *(f"p.psfMag_{b} AS psfMag_{b}" for b in BANDS),
    *(f"p.modelMag_{b} AS modelMag_{b}" for b in BANDS),
    "p.cModelMag_r AS cModelMag_r",
    *(f"p.extinction_{b} AS extinction_{b}" for b in BANDS),
)
"""Columns that labels, cleaning, cutting and the baseline need. Both tables have ra, dec and a
column z (a redshift in one, a magnitude in the other): hence the aliases."""

_CLASSES: Final = {
    "spectral-class": ("STAR",),
    "object-type": ("STAR", "GALAXY", "QSO"),
}


def make_task_query(task: str, limits: Mapping[str, float]) -> str:
    """Build the query of a task: every object with a spectrum and its photometry.

    Parameters
    ----------
    task
        ``spectral-class`` or ``object-type``.
    limits
        Faintest model magnitude by band: the manual's ``u BETWEEN 0 AND 19.6 AND g BETWEEN 0 AND
        20`` is ``{"u": 19.6, "g": 20}``.

    Returns
    -------
    str
        T-SQL without ORDER BY.

    Raises
    ------
    CatalogError
        Where the task has no query of its own, or a band is none.
    """
    if task not in _CLASSES:
        raise CatalogError(f"the task {task} has no built-in query; give catalog.query")
    for band in limits:
        if band not in BANDS or len(band) != 1:
            raise CatalogError(f"catalog.limits names {band!r}, which is not one of u g r i z")
    classes = ", ".join(f"'{name}'" for name in _CLASSES[task])
    conditions = [f"s.class IN ({classes})"]
    conditions += [f"p.modelMag_{band} BETWEEN 0 AND {limits[band]:g}" for band in limits]
    return (
        f"SELECT {', '.join(_COLUMNS)} FROM SpecObjAll AS s"
        f" JOIN PhotoObjAll AS p ON p.objID = s.bestObjID WHERE {' AND '.join(conditions)}"
    )


def make_page_query(query: str, after: int, rows: int) -> str:
    """Build the query for the next page of a result.

    Parameters
    ----------
    query
        SELECT with a column `specobjid`, without ORDER BY.
    after
        Largest `specobjid` that has come already; -1 for the first page.
    rows
        Most rows.

    Returns
    -------
    str
        T-SQL.
    """
    return (
        f"SELECT TOP {rows} q.* FROM ({query}) AS q"
        f" WHERE q.specobjid > {after} ORDER BY q.specobjid"
    )


def make_into_query(query: str, table: str) -> str:
    """Build the query that writes a result into a table of MyDB.

    Parameters
    ----------
    query
        SELECT.
    table
        Name of the new table.

    Returns
    -------
    str
        T-SQL.
    """
    return f"SELECT q.* INTO mydb.{table} FROM ({query}) AS q"


def make_nearby_query(ra: float, dec: float, radius: float) -> str:
    """Build the query for the fields that hold photometric objects around a position.

    Parameters
    ----------
    ra, dec
        Degrees.
    radius
        Arcmin.

    Returns
    -------
    str
        T-SQL with the columns of a field's key.
    """
    return (
        "SELECT DISTINCT n.rerun AS rerun, n.run AS run, n.camcol AS camcol, n.field AS field"
        f" FROM dbo.fGetNearbyObjEq({ra:.8f}, {dec:.8f}, {radius:.6f}) AS n"
    )


def make_nearest_query(places: list[tuple[float, float]], radius: float) -> str:
    """Build the query for the photometric object nearest to each of some positions.

    Parameters
    ----------
    places
        Right ascension and declination in degrees.
    radius
        Arcsec.

    Returns
    -------
    str
        T-SQL whose `place` counts the places from 0.
    """
    return " UNION ALL ".join(
        f"SELECT {i} AS place, n.objID AS objid, n.rerun AS rerun, n.run AS run,"
        f" n.camcol AS camcol, n.field AS field"
        f" FROM dbo.fGetNearestObjEq({ra:.8f}, {dec:.8f}, {radius / 60.0:.6f}) AS n"
        for i, (ra, dec) in enumerate(places)
    )
