"""Drop rows that cannot be used, rule by rule, and say how many and why."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.duplicates import place_groups, place_keys, shared
from skyclass.catalog.ids import frame_keys_of, identities, no_ids, numbers_of
from skyclass.catalog.magnitudes import correct_extinction, undetected
from skyclass.catalog.row_order import RowOrder, Rows, take_rows
from skyclass.config.sections import CleanConfig
from skyclass.errors import CatalogError
from skyclass.schema import FRAME_KEYS, IDS, POSITION, SPECTRUM
from skyclass.tasks.task import Task, distinct

__all__ = ["clean"]

_LIMITS: Final = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}
_SENTINEL: Final = -9000.0
"""SDSS writes -9999 where there is no value."""

_MANY_OUTLIERS: Final = 16
"""Bit of zWarning that alone rarely means a wrong class (https://www.sdss4.org/dr17/algorithms/bitmasks/#ZWARNING)."""

_FLAGS: Final = {
    "not the primary observation": ("mode", 1),
    "not the primary spectrum": ("sciencePrimary", 1),
    "photometry not clean": ("clean", 1),
}


def clean(
    table: pd.DataFrame, task: Task, rules: CleanConfig | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Label a table and keep the rows that can be used, each object once.

    Rules apply in the order in which the report counts them; a rule whose columns the table lacks
    is left out, unless it was asked for by name.

    Parameters
    ----------
    table
        As `read_table` gives it.
    task
        Says how a row gets its label.
    rules
        What to drop; the defaults where not given.

    Returns
    -------
    table
        Rows kept, with the column `label`, and `id` (an identity made of what is exact) where some
        row has no exact `specobjid`; sorted by field and position: the same rows in the same order
        whatever the order of the input.
    report
        ``rows_in``; ``dropped`` (rows by rule); ``rounded`` (ids lost to a spreadsheet);
        ``undetected`` (magnitudes at or fainter than zero flux, by column); ``frame_keys`` (whether
        the rows have them); and what the task tells.

    Raises
    ------
    CatalogError
        Where a needed column is missing, a coordinate is impossible, or no row is left.
    """
    rules = rules or CleanConfig()
    rounded = table.attrs.get("rounded", {})
    table = _prepared(table, task, rules)
    labels, faint = task.label(table), undetected(table)
    sieve = _Sieve(len(table))
    _sift_places(sieve, table, rules)
    _sift_labels(sieve, labels.reason)
    _sift_quality(sieve, table, faint, rules)
    row_order = RowOrder(table)
    _sift_duplicates(sieve, table, row_order, rules)
    if not sieve.alive.any():
        raise CatalogError(f"no row is left: {_summary(sieve.dropped)}")
    order = row_order.sort(np.flatnonzero(sieve.alive))
    kept = take_rows(table, order)
    label = pd.Categorical(labels.label.array.take(order), categories=list(task.classes))
    kept = kept.assign(label=label)
    if kept["specobjid"].isna().any():
        kept = kept.assign(id=identities(kept))
    report = {
        "rows_in": len(table),
        "rounded": rounded,
        "undetected": {name: int(marks[sieve.alive].sum()) for name, marks in faint.items()},
        "dropped": sieve.dropped,
        "frame_keys": set(FRAME_KEYS) <= set(kept.columns),
        **labels.notes,
    }
    return _finished(kept, faint, order, rules), report


def _prepared(table: pd.DataFrame, task: Task, rules: CleanConfig) -> pd.DataFrame:
    """Make sure that all columns are there that the rules need, as numbers."""
    found = tuple(table.columns)
    table = _with_ids(table, rules)
    _require(table, _needed(table, task, rules), found)
    table = _numeric(table, (*POSITION, *FRAME_KEYS, *SPECTRUM))
    return table.assign(ra=15.0 * table["ra"]) if rules.ra_unit == "hour" else table


def _finished(
    table: pd.DataFrame, faint: dict[str, NDArray[np.bool_]], order: Rows, rules: CleanConfig
) -> pd.DataFrame:
    """Bring magnitudes and frame keys of the rows kept into their final form."""
    if rules.faint == "blank":
        blank = {name: marks[order] for name, marks in faint.items() if marks[order].any()}
        table = table.assign(**{name: table[name].mask(m) for name, m in blank.items()})
    if rules.extinction:
        table = correct_extinction(table)
    if set(FRAME_KEYS) <= set(table.columns):
        table = table.astype(dict.fromkeys(FRAME_KEYS, "int64"))
    table = table.assign(**_in_order(table))
    table.index = pd.RangeIndex(len(table))
    table.attrs = {}
    return table


def _in_order(table: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """Sort the names of categorical columns, which come in the order of the input's rows."""
    columns = table.select_dtypes("category").drop(columns="label")
    return {
        str(name): column.cat.reorder_categories(sorted(column.cat.categories))
        for name, column in columns.items()
    }


class _Sieve:
    """Rows still in, and how many each rule has taken out."""

    def __init__(self, count: int) -> None:
        self.alive = np.ones(count, dtype=bool)
        self.dropped: dict[str, int] = {}

    def keep(self, good: Any, reason: str) -> None:
        """Drop the rows that are not good."""
        marks = np.asarray(good, dtype=bool)
        self.dropped[reason] = int(np.count_nonzero(self.alive & ~marks))
        self.alive &= marks


def _with_ids(table: pd.DataFrame, rules: CleanConfig) -> pd.DataFrame:
    """Add the id columns that a table lacks, and the frame keys if they are to come from them."""
    absent = [name for name in IDS if name not in table]
    table = table.assign(**dict.fromkeys(absent, no_ids(table.index)))
    if rules.frame_keys == "objid":
        if table["objid"].isna().all():
            raise CatalogError("the catalogue has no exact objid to read frame keys from")
        table = table.assign(**{str(k): v for k, v in frame_keys_of(table["objid"]).items()})
    return table


def _needed(table: pd.DataFrame, task: Task, rules: CleanConfig) -> tuple[str, ...]:
    """List the columns that some rule in use needs."""
    names = list(task.columns)
    if rules.duplicates != "id" or set(POSITION) & set(table.columns):
        names += POSITION
    if rules.frame_keys != "auto" or set(FRAME_KEYS) & set(table.columns):
        names += FRAME_KEYS
    return tuple(names)


def _require(table: pd.DataFrame, names: Sequence[str], found: Sequence[str]) -> None:
    """Refuse a table that lacks a column, and say which were found in the file."""
    missing = [name for name in names if name not in table]
    if not missing:
        return
    message = f"the catalogue has no column {', '.join(missing)}; it has {', '.join(found)}"
    if set(missing) >= set(POSITION):
        message += ' (where no image is cut, set clean.duplicates = "id")'
    raise CatalogError(message)


def _numeric(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Read columns as numbers; SDSS's -9999 is no number."""
    changed = {}
    for name in set(names) & set(table.columns):
        values = table[name]
        if not pd.api.types.is_numeric_dtype(values):
            values = pd.to_numeric(values, errors="coerce")
        if name == "ra" and _sexagesimal(table["ra"]):
            raise CatalogError("ra is written in hours (12:34:56); give decimal degrees")
        missing = values < _SENTINEL
        if missing.any() or values is not table[name]:
            changed[name] = values.mask(missing) if missing.any() else values
    return table.assign(**changed)


def _sexagesimal(ra: "pd.Series[str]") -> bool:
    """Tell whether right ascensions are written as 12:34:56 or 12h34m56s."""
    if pd.api.types.is_numeric_dtype(ra):
        return False
    return bool(ra.astype("string").str.contains(r"\d\s*[:h]\s*\d").any())


def _sift_places(sieve: _Sieve, table: pd.DataFrame, rules: CleanConfig) -> None:
    """Drop rows without a place on the sky or in the survey."""
    if set(POSITION) <= set(table.columns):
        sieve.keep(_there(table, POSITION), "no position")
        possible = _possible(table)
        if rules.impossible == "refuse":
            _refuse_impossible(table, possible)
        else:
            sieve.keep(possible, "impossible coordinates")
        _refuse_hours(table["ra"].to_numpy(np.float64, na_value=np.nan), rules)
    if set(FRAME_KEYS) <= set(table.columns):
        sieve.keep(_there(table, FRAME_KEYS), "no rerun / run / camcol / field")


def _there(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which rows have all of some columns."""
    there = [table[name].notna().to_numpy() for name in names]
    return np.asarray(np.logical_and.reduce(there), dtype=bool)


def _possible(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which coordinates are a place on the sky; missing ones count as possible."""
    good = np.ones(len(table), dtype=bool)
    for name, (low, high) in _LIMITS.items():
        good &= (table[name].between(low, high) | table[name].isna()).to_numpy()
    return good


def _refuse_impossible(table: pd.DataFrame, possible: NDArray[np.bool_]) -> None:
    """Refuse coordinates that are no place on the sky."""
    if possible.all():
        return
    row = int(np.argmin(possible))
    for axis, (low, high) in _LIMITS.items():
        value = float(table[axis].iloc[row])
        if not low <= value <= high:
            raise CatalogError(
                f"{axis} must lie between {low:g} and {high:g} degrees; row {row + 1} has"
                f' {value:g} (set clean.impossible = "drop" to leave such rows out)'
            )


def _refuse_hours(ra: NDArray[np.float64], rules: CleanConfig) -> None:
    """Refuse right ascensions that run through 0 to 24 and no further."""
    if rules.ra_unit == "auto" and ra.size and np.nanmax(ra) <= 24.0 and np.ptp(ra) > 18.0:
        raise CatalogError(
            "ra runs from 0 to 24 as hours do; give degrees, or set clean.ra_unit"
            ' = "hour" or "degree" to say which it is'
        )


def _sift_labels(sieve: _Sieve, reason: "pd.Series[str]") -> None:
    """Drop rows without a label, and count each reason."""
    codes, names = distinct(reason)
    found = {str(names[code]): code for code in np.flatnonzero(np.bincount(codes)) if names[code]}
    for name, code in sorted(found.items()):
        sieve.keep(codes != code, name)


def _sift_quality(
    sieve: _Sieve, table: pd.DataFrame, faint: dict[str, NDArray[np.bool_]], rules: CleanConfig
) -> None:
    """Drop second observations, doubtful photometry and doubtful spectra."""
    if rules.flags:
        for reason, (name, good) in _FLAGS.items():
            if name in table:
                sieve.keep(table[name].eq(good).fillna(False), reason)
        if "zWarning" in table:
            bits = table["zWarning"].fillna(1).astype("int64") & ~_MANY_OUTLIERS
            sieve.keep(bits == 0, "spectrum with a warning")
    if rules.faint == "drop":
        for name in faint:
            sieve.keep(~faint[name], f"no detection in {name}")


def _sift_duplicates(
    sieve: _Sieve, table: pd.DataFrame, order: RowOrder, rules: CleanConfig
) -> None:
    """Keep each object's first row."""

    def keep_first(rows: Rows, exact: Sequence[NDArray[Any]], reason: str) -> None:
        rows = order.sort(rows[sieve.alive[rows]])
        again = pd.DataFrame({i: values[rows] for i, values in enumerate(exact)}).duplicated()
        good = np.ones(len(table), dtype=bool)
        good[rows[again]] = False
        sieve.keep(good, reason)

    checks = _exact_identities(table, rules)
    with ThreadPoolExecutor() as pool:
        found = pool.map(shared, [keys for _, keys, _ in checks])
        for (reason, _, exact), rows in zip(checks, found, strict=True):
            keep_first(rows, exact, reason)
    if rules.duplicates == "position" and sieve.alive.any():
        groups = np.zeros(len(table), dtype=np.int64)
        alive = sieve.alive
        ra, dec = _places(table)
        groups[alive] = place_groups(ra[alive], dec[alive], rules.radius)
        keep_first(shared(groups), [groups], f"within {rules.radius:g} arcsec of another")


def _exact_identities(
    table: pd.DataFrame, rules: CleanConfig
) -> list[tuple[str, NDArray[Any], list[NDArray[Any]]]]:
    """Give what two rows of one object have in common: the rule, keys, and what must be equal."""
    found: list[tuple[str, NDArray[Any], list[NDArray[Any]]]] = []
    for name in IDS:
        ids = numbers_of(table[name])
        found.append((f"duplicate {name}", ids, [ids]))
    if set(SPECTRUM) <= set(table.columns):
        spectra = _spectra(table)
        found.append(("duplicate plate, mjd and fiberID", spectra, [spectra]))
    if rules.duplicates == "exact":
        places = _places(table)
        found.append(("duplicate ra and dec", place_keys(*places), places))
    return found


def _places(table: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Give right ascensions and declinations."""
    return [table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION]


def _spectra(table: pd.DataFrame) -> NDArray[np.float64]:
    """Give each spectrum a number below 2**53 made of plate, date and fibre; 0 where one lacks."""
    plate, mjd, fiber = (table[name].to_numpy(np.float64, na_value=np.nan) for name in SPECTRUM)
    return np.asarray(np.nan_to_num((plate * 1e5 + mjd) * 1e4 + fiber))


def _summary(dropped: dict[str, int]) -> str:
    """Write counts in one line."""
    return ", ".join(f"{count} dropped ({reason})" for reason, count in dropped.items() if count)
