"""Match the objects of two tables: by exact id, by position only where there is none."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.close_pairs import find_close_pairs
from skyclass.errors import CatalogError
from skyclass.schema import IDS, POSITION

__all__ = ["MATCH_RADIUS", "find_rows", "match_objects"]

MATCH_RADIUS: Final = 0.5
"""Arcsec within which two positions without a common id are the same object: several times the
astrometric uncertainty of a survey (0.1 arcsec for SDSS), less than half the width of a PSF."""

_NEGLIGIBLE: Final = 1e-4
"""Arcsec by which one candidate must be nearer than another."""


def match_objects(objects: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.int64]:
    """Find the row of a table that holds each object of another table.

    Two rows are the same object if an id that both have is equal; rows with different ids are
    different objects, however near they lie. Only where two rows have no kind of id in common do
    positions count: the nearest within `MATCH_RADIUS` is the same object. An id that is 0, or that
    several rows of a table share, names no single object and counts as missing.

    Parameters
    ----------
    objects
        Table of `n` objects with `ra` and `dec` in degrees and, where known, `objid` and
        `specobjid` as integers or digits.
    others
        Table with the same columns.

    Returns
    -------
    numpy.ndarray
        Row of `others` for each object, -1 where there is none, `[n]`; no row occurs twice.

    Raises
    ------
    CatalogError
        If objects without an id lie at the same position.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"objid": [12, 0], "ra": [10.0, 20.0], "dec": [0.0, 0.0]})
    >>> two = pd.DataFrame({"objid": [0, 12], "ra": [20.0001, 11.0], "dec": [0.0, 0.0]})
    >>> match_objects(one, two).tolist()
    [1, 0]
    """
    ids = [(_read_ids(objects, name), _read_ids(others, name)) for name in IDS]
    rows = np.full(len(objects), -1, dtype=np.int64)
    for one, other in ids:
        _match_ids(rows, one, other)
    known = [_combine_known(side) for side in zip(*ids, strict=True)]
    _match_positions(rows, objects, others, known[0], known[1])
    return rows


def find_rows(objects: pd.DataFrame, catalog: pd.DataFrame) -> NDArray[np.int64]:
    """Find the row of a catalogue that holds each of its objects.

    Parameters
    ----------
    objects
        Objects that all come from the catalogue, as `match_objects` takes them, `n` rows.
    catalog
        Table with the same columns.

    Returns
    -------
    numpy.ndarray
        Row of the catalogue for each object, `[n]`.

    Raises
    ------
    CatalogError
        If an object is not in the catalogue.
    """
    rows = match_objects(objects, catalog)
    missing = np.flatnonzero(rows < 0)
    if len(missing):
        ra, dec = objects.iloc[missing[0]][list(POSITION)]
        raise CatalogError(
            f"{len(missing)} of {len(objects)} objects are not in the catalogue, such as the one at"
            f" ra {ra:.5f}, dec {dec:.5f}; make the cutouts of this catalogue again"
        )
    return rows


def _read_ids(table: pd.DataFrame, name: str) -> NDArray[np.uint64]:
    """Read ids as integers; 0 where one is missing or stands on several rows."""
    if name not in table:
        return np.zeros(len(table), dtype=np.uint64)
    column = table[name]
    if pd.api.types.is_integer_dtype(column.dtype):
        ids = column.fillna(0).to_numpy(np.uint64)
    else:
        ids = np.fromiter(map(_parse_id, column), dtype=np.uint64, count=len(column))
    repeated = pd.Series(ids).duplicated(keep=False).to_numpy()
    return np.where(repeated, np.uint64(0), ids)


def _parse_id(value: Any) -> int:
    """Convert digits to an integer, anything else to 0."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**64 else 0


def _match_ids(rows: NDArray[np.int64], one: NDArray[np.uint64], other: NDArray[np.uint64]) -> None:
    """Fill the rows whose id is among the others' and is not taken yet."""
    numbers = pd.Index(other)[other > 0]
    there = np.flatnonzero(other > 0)
    free = np.flatnonzero((rows < 0) & (one > 0))
    places = numbers.get_indexer(pd.Index(one[free]))
    hits = places >= 0
    free, matched = free[hits], there[places[hits]]
    new = ~np.isin(matched, rows)
    rows[free[new]] = matched[new]


def _combine_known(ids: tuple[NDArray[np.uint64], ...]) -> NDArray[np.int64]:
    """Encode which ids each row has, one bit an id."""
    flags = [(each > 0).astype(np.int64) << bit for bit, each in enumerate(ids)]
    combined: NDArray[np.int64] = np.bitwise_or.reduce(flags)
    return combined


def _match_positions(
    rows: NDArray[np.int64],
    objects: pd.DataFrame,
    others: pd.DataFrame,
    known: NDArray[np.int64],
    others_known: NDArray[np.int64],
) -> None:
    """Fill the rows of objects by position, each from the candidates that share no id with it."""
    if any(name not in table for name in POSITION for table in (objects, others)):
        return
    taken = np.isin(np.arange(len(others)), rows)
    for kind in np.unique(known[rows < 0]):
        wanted = np.flatnonzero((rows < 0) & (known == kind))
        candidates = np.flatnonzero(~taken & (others_known & kind == 0))
        if len(candidates) == 0:
            continue
        pairs = find_close_pairs(
            *_read_positions(objects, wanted), *_read_positions(others, candidates), MATCH_RADIUS
        )
        hits, nearest = np.unique(pairs.one, return_index=True)
        second = np.append(pairs.distance, np.inf)[nearest + 1]
        second[np.append(pairs.one, -1)[nearest + 1] != hits] = np.inf
        matched, apart = pairs.other[nearest], pairs.distance[nearest]
        ranks = np.lexsort((apart, matched))
        hits, matched, apart, second = hits[ranks], matched[ranks], apart[ranks], second[ranks]
        repeated = np.diff(matched, prepend=-1) == 0
        rivals = repeated & (np.diff(apart, prepend=0) < _NEGLIGIBLE)
        if rivals.any() or (second - apart < _NEGLIGIBLE).any():
            raise CatalogError(
                "objects without an id lie at the same position, which does not tell them apart;"
                f" add {' or '.join(IDS)} to the catalogue"
            )
        rows[wanted[hits[~repeated]]] = candidates[matched[~repeated]]
        taken[candidates[matched]] = True


def _read_positions(
    table: pd.DataFrame, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read right ascension and declination of some rows."""
    ra, dec = (table[name].to_numpy(np.float64)[rows] for name in POSITION)
    return ra, dec
