"""Create the tables of the archive's database as views of one catalogue."""

import contextlib
from typing import TYPE_CHECKING, Final

from skyclass.surveys.sdss.layout import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["VIEWS", "create_views"]

_SPECTRUM_COLUMNS: Final = {
    "specobjid": "specObjID",
    "class": "class",
    "subclass": "subClass",
    "redshift": "z",
    "zwarning": "zWarning",
    "scienceprimary": "sciencePrimary",
    "snmedian": "snMedian",
    "plate": "plate",
    "mjd": "mjd",
    "fiberid": "fiberID",
}
"""Columns of spectra, and their names in the archive's tables; all others are photometry."""

_PHOTOMETRY: Final = {"objid": "objID"}
"""Names of columns in the tables of photometry, where they differ from those here."""

_SHORT: Final = ", ".join(BANDS)

_DERIVED: Final = {
    "SpecObj": "SELECT * FROM SpecObjAll WHERE sciencePrimary = 1",
    "PhotoObj": "SELECT * FROM PhotoObjAll WHERE mode IN (1, 2)",
    "PhotoPrimary": "SELECT * FROM PhotoObjAll WHERE mode = 1",
    "Star": "SELECT * FROM PhotoObjAll WHERE mode = 1 AND type = 6",
    "Galaxy": "SELECT * FROM PhotoObjAll WHERE mode = 1 AND type = 3",
    "SpecPhotoAll": f"SELECT s.*, p.* EXCLUDE (ra, dec, {_SHORT}) FROM SpecObjAll AS s"
    " JOIN PhotoObjAll AS p ON p.objID = s.bestObjID",
    "SpecPhoto": "SELECT * FROM SpecPhotoAll WHERE sciencePrimary = 1 AND mode = 1",
}
"""Views of views (https://skyserver.sdss.org/dr17/MoreTools/browser, tables and views)."""

VIEWS: Final = frozenset(name.lower() for name in ("SpecObjAll", "PhotoObjAll", *_DERIVED))
"""Names that a query may read from, in lower case."""

_DISTANCE: Final = (
    "60 * degrees(2 * asin(sqrt(sin(radians(dec - dec0) / 2) ** 2"
    " + cos(radians(dec)) * cos(radians(dec0)) * sin(radians(ra - ra0) / 2) ** 2)))"
)
"""Arcmin between two positions (haversine)."""


def create_views(connection: "DuckDBPyConnection") -> None:
    """Create the archive's tables and functions from the table ``catalog``.

    A view that needs a column missing from the catalogue is left out.

    Parameters
    ----------
    connection
        Open database with the table.
    """
    columns = [str(row[0]) for row in connection.execute("DESCRIBE catalog").fetchall()]
    photometry = [name for name in columns if name.lower() not in _SPECTRUM_COLUMNS]
    spectrum = [name for name in columns if name.lower() in _SPECTRUM_COLUMNS]
    short = [f"modelMag_{band} AS {band}" for band in BANDS if f"modelMag_{band}" in columns]
    named = [f"{_quote(name)} AS {_quote(_PHOTOMETRY.get(name, name))}" for name in photometry]
    photo = ", ".join([*named, *short])
    spec = ", ".join(f"{_quote(name)} AS {_SPECTRUM_COLUMNS[name.lower()]}" for name in spectrum)
    # an object with two spectra has two rows in the catalogue, and one in the table of photometry
    statements = {
        "PhotoObjAll": f"SELECT DISTINCT ON (objid) {photo} FROM catalog",
        "SpecObjAll": f"SELECT {spec}, objid AS bestObjID, ra, dec FROM catalog",
        **_DERIVED,
    }
    for name, statement in statements.items():
        _create(connection, f"CREATE VIEW {name} AS {statement}")
    nearby = (
        "SELECT objID, run, camcol, field, rerun, type, distance FROM"
        f" (SELECT *, {_DISTANCE} AS distance FROM PhotoPrimary) WHERE distance <= radius"
        " ORDER BY distance"
    )
    for name, limit in (("fGetNearbyObjEq", ""), ("fGetNearestObjEq", " LIMIT 1")):
        _create(connection, f"CREATE MACRO {name}(ra0, dec0, radius) AS TABLE {nearby}{limit}")


def _create(connection: "DuckDBPyConnection", statement: str) -> None:
    """Create a view, unless the catalogue lacks one of its columns."""
    import duckdb

    with contextlib.suppress(duckdb.BinderException, duckdb.CatalogException):
        connection.execute(statement)


def _quote(name: str) -> str:
    """Quote the name of a column."""
    return '"' + name.replace('"', '""') + '"'
