"""Drop unusable rows, rule by rule, and count them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.cleaning_report import CleaningCounts
from skyclass.catalog.duplicates import find_repeated, group_positions, hash_positions
from skyclass.catalog.ids import make_identities, make_missing_ids, parse_id_columns, to_id_array
from skyclass.catalog.magnitudes import correct_extinction, find_undetected
from skyclass.catalog.row_order import RowOrder, Rows, take_rows
from skyclass.config.sections import CleanConfig
from skyclass.errors import CatalogError, TaskError
from skyclass.schema import DEFAULT_SURVEY, IDS, POSITION, SPECTRUM
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.task import Labels, Task, encode_strings

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
    "outside its brick": ("brick_primary", 1),
}


def clean(
    table: pd.DataFrame, task: Task, rules: CleanConfig | None = None, survey: str = DEFAULT_SURVEY
) -> tuple[pd.DataFrame, CleaningCounts]:
    """Label a table and keep the rows that can be used, each object once.

    Rules apply in the order in which they are counted; a rule whose columns the table lacks
    is left out, unless it was asked for by name.

    Parameters
    ----------
    table
        As `read_raw_table` or `read_table` returns it.
    task
        Labels the rows.
    rules
        What to drop; None for the defaults.
    survey
        Name of the survey: its bands and key columns are looked at.

    Returns
    -------
    table
        Rows kept, with the column `label`, and `id` (an identity made of what is exact) where some
        row has no exact `specobjid`; sorted by field and position: the same rows in the same order
        whatever the order of the input.
    counts
        Rows read and dropped, and the notes of the task.

    Raises
    ------
    CatalogError
        If a needed column is missing, a coordinate is impossible, or no row is left.
    """
    rules, source = rules or CleanConfig(), get_survey(survey)
    table, rounded = parse_id_columns(table)
    table = _prepare_columns(table, task, rules, source)
    labels, faint = task.label(table), find_undetected(table, source)
    row_filter = _RowFilter(len(table))
    _filter_places(row_filter, table, rules, source.key)
    _filter_labels(row_filter, labels)
    _filter_quality(row_filter, table, faint, rules)
    row_order = RowOrder(table, source.key)
    _filter_duplicates(row_filter, table, row_order, rules)
    if not row_filter.alive.any():
        raise CatalogError(f"no row of the catalogue is left: {_summarise(row_filter.dropped)}")
    order = row_order.sort(np.flatnonzero(row_filter.alive))
    kept = take_rows(table, order)
    kept = kept.assign(label=_order_labels(labels.label.iloc[order], task))
    if kept["specobjid"].isna().any():
        kept = kept.assign(id=make_identities(kept, source.key))
    counts = CleaningCounts(
        rows_in=len(table),
        rounded=rounded,
        dropped=row_filter.dropped,
        undetected={name: int(marks[row_filter.alive].sum()) for name, marks in faint.items()},
        frame_keys=set(source.key) <= set(kept.columns),
        **asdict(labels.notes),
    )
    return _finalise_columns(kept, faint, order, rules, source), counts


def _prepare_columns(
    table: pd.DataFrame, task: Task, rules: CleanConfig, survey: Survey
) -> pd.DataFrame:
    """Check that the table has the columns that the rules need, and convert them to numbers."""
    table = table.drop(columns=_list_nested(table))
    in_file = tuple(table.columns)
    table = _add_ids(table, rules, survey)
    _check_columns(table, _list_needed(table, task, rules, survey.key), in_file)
    table = _convert_numbers(
        table, (*POSITION, *(() if survey.text_key else survey.key), *SPECTRUM)
    )
    return table.assign(ra=15.0 * table["ra"]) if rules.ra_unit == "hour" else table


def _order_labels(label: "pd.Series[str]", task: Task) -> "pd.Categorical[Any]":
    """Convert labels to categories in the task's order; raise if one is not a class of it."""
    ordered = pd.Categorical(label, categories=list(task.classes))
    strange = label[ordered.isna()]
    if len(strange):
        raise TaskError(
            f"task {task.name} labels {len(strange)} row(s) {strange.iloc[0]!r}, which is not one"
            f" of its classes {', '.join(task.classes)}"
        )
    return ordered


def _finalise_columns(
    table: pd.DataFrame,
    faint: dict[str, NDArray[np.bool_]],
    order: Rows,
    rules: CleanConfig,
    survey: Survey,
) -> pd.DataFrame:
    """Convert magnitudes and key columns of the rows kept to their final form."""
    if rules.faint == "blank":
        blank = {name: marks[order] for name, marks in faint.items() if marks[order].any()}
        table = table.assign(**{name: table[name].mask(m) for name, m in blank.items()})
    if rules.extinction:
        table = correct_extinction(table, survey)
    if set(survey.key) <= set(table.columns):
        kind = "str" if survey.text_key else "int64"
        table = table.astype(dict.fromkeys(survey.key, kind))
    table = table.assign(**_sort_categories(table))
    table.index = pd.RangeIndex(len(table))
    return table


def _sort_categories(table: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """Sort the categories of columns, which come in the order of the input's rows."""
    columns = table.select_dtypes("category").drop(columns="label")
    return {
        str(name): column.cat.reorder_categories(sorted(column.cat.categories))
        for name, column in columns.items()
    }


class _RowFilter:
    """Rows not dropped yet, and how many each rule has dropped."""

    def __init__(self, count: int) -> None:
        self.alive = np.ones(count, dtype=bool)
        self.dropped: dict[str, int] = {}

    def keep(self, good: Any, reason: str) -> None:
        """Drop the rows that are not good, and count them."""
        marks = np.asarray(good, dtype=bool)
        self.dropped[reason] = int(np.count_nonzero(self.alive & ~marks))
        self.alive &= marks


def _add_ids(table: pd.DataFrame, rules: CleanConfig, survey: Survey) -> pd.DataFrame:
    """Add the id columns that a table lacks, and the key columns if objid is to supply them."""
    absent = [name for name in IDS if name not in table]
    table = table.assign(**dict.fromkeys(absent, make_missing_ids(table.index)))
    if rules.frame_keys == "objid":
        if survey.decode_ids is None:
            raise CatalogError(
                f'clean.frame_keys = "objid" needs ids that hold the key columns; survey'
                f" {survey.name} has none"
            )
        if table["objid"].isna().all():
            raise CatalogError(
                'the catalogue has no exact objid; clean.frame_keys = "objid" needs it'
            )
        table = table.assign(**{str(k): v for k, v in survey.decode_ids(table["objid"]).items()})
    return table


def _list_nested(table: pd.DataFrame) -> list[str]:
    """List columns of lists, tables or bytes, which hold neither numbers nor text."""
    return [
        str(name)
        for name in table.select_dtypes("object")
        if (place := table[name].first_valid_index()) is not None
        and isinstance(table[name].loc[place], list | tuple | dict | np.ndarray | bytes)
    ]


def _list_needed(
    table: pd.DataFrame, task: Task, rules: CleanConfig, key: Sequence[str]
) -> tuple[str, ...]:
    """List the columns that some rule in use needs."""
    names = list(task.columns)
    if rules.duplicates != "id" or set(POSITION) & set(table.columns):
        names += POSITION
    if rules.frame_keys != "auto" or set(key) & set(table.columns):
        names += key
    return tuple(names)


def _check_columns(table: pd.DataFrame, names: Sequence[str], in_file: Sequence[str]) -> None:
    """Check that the table has all columns; a message names those that it has."""
    missing = [name for name in names if name not in table]
    if not missing:
        return
    message = f"the catalogue has no column {', '.join(missing)}; it has {', '.join(in_file)}"
    if set(missing) >= set(POSITION):
        message += ' (if no cutouts are to be made, set clean.duplicates = "id")'
    raise CatalogError(message)


def _convert_numbers(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Convert columns to numbers; -9999 of SDSS and infinity count as missing."""
    changed = {}
    for name in set(names) & set(table.columns):
        values = table[name]
        if not pd.api.types.is_numeric_dtype(values):
            values = pd.to_numeric(values, errors="coerce")
        if name == "ra" and _is_sexagesimal(table["ra"]):
            raise CatalogError("ra is written in hours (12:34:56); convert it to decimal degrees")
        missing = (values < _SENTINEL) | np.isinf(values)
        if missing.any() or values is not table[name]:
            changed[name] = values.mask(missing) if missing.any() else values
    return table.assign(**changed)


def _is_sexagesimal(ra: "pd.Series[str]") -> bool:
    """Whether right ascensions are written as 12:34:56 or 12h34m56s."""
    if pd.api.types.is_numeric_dtype(ra):
        return False
    return bool(ra.astype("string").str.contains(r"\d\s*[:h]\s*\d").any())


def _filter_places(
    row_filter: _RowFilter, table: pd.DataFrame, rules: CleanConfig, key: Sequence[str]
) -> None:
    """Drop rows without a position or without key columns."""
    if set(POSITION) <= set(table.columns):
        row_filter.keep(_have_values(table, POSITION), "no position")
        possible = _mark_possible(table)
        if rules.impossible == "refuse":
            _check_possible(table, possible)
        else:
            row_filter.keep(possible, "impossible coordinates")
        _check_degrees(table["ra"].to_numpy(np.float64, na_value=np.nan), rules)
    if key and set(key) <= set(table.columns):
        row_filter.keep(_have_values(table, key), f"no {' / '.join(key)}")


def _have_values(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the rows that have all of some columns."""
    present = [table[name].notna().to_numpy() for name in names]
    return np.asarray(np.logical_and.reduce(present), dtype=bool)


def _mark_possible(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark coordinates that are on the sky; missing ones count as possible."""
    good = np.ones(len(table), dtype=bool)
    for name, (low, high) in _LIMITS.items():
        good &= (table[name].between(low, high) | table[name].isna()).to_numpy()
    return good


def _check_possible(table: pd.DataFrame, possible: NDArray[np.bool_]) -> None:
    """Check that all coordinates are on the sky."""
    if possible.all():
        return
    row = int(np.argmin(possible))
    for axis, (low, high) in _LIMITS.items():
        value = float(table[axis].iloc[row])
        if not low <= value <= high:
            raise CatalogError(
                f"{axis} must be {low:g} to {high:g} degrees, got {value:g} in row {row + 1}"
                '; correct it, or set clean.impossible = "drop"'
            )


def _check_degrees(ra: NDArray[np.float64], rules: CleanConfig) -> None:
    """Check that right ascensions do not span just 0 to 24, as hours do."""
    if rules.ra_unit == "auto" and ra.size and np.nanmax(ra) <= 24.0 and np.ptp(ra) > 18.0:
        raise CatalogError(
            "ra spans 0 to 24 as hours do; set clean.ra_unit to"
            ' "hour" or "degree" to state its unit'
        )


def _filter_labels(row_filter: _RowFilter, labels: Labels) -> None:
    """Drop rows without a label, and count each reason."""
    codes, names = encode_strings(labels.reason)
    reasons = {str(names[code]): code for code in np.flatnonzero(np.bincount(codes)) if names[code]}
    for name, code in sorted(reasons.items()):
        row_filter.keep(codes != code, name)
    unexplained = (labels.label.isna() & labels.reason.isna()).to_numpy()
    if unexplained.any():
        row_filter.keep(~unexplained, "no label")


def _filter_quality(
    row_filter: _RowFilter,
    table: pd.DataFrame,
    faint: dict[str, NDArray[np.bool_]],
    rules: CleanConfig,
) -> None:
    """Drop second observations, doubtful photometry and doubtful spectra."""
    if rules.flags:
        for reason, (name, good) in _FLAGS.items():
            if name in table:
                row_filter.keep(table[name].eq(good).fillna(False), reason)
        if "zWarning" in table:
            warnings = pd.to_numeric(table["zWarning"], errors="coerce")
            bits = warnings.fillna(1).astype("int64") & ~_MANY_OUTLIERS
            row_filter.keep(bits == 0, "spectrum with a warning")
    if rules.faint == "drop":
        for name in faint:
            row_filter.keep(~faint[name], f"no detection in {name}")


def _filter_duplicates(
    row_filter: _RowFilter, table: pd.DataFrame, order: RowOrder, rules: CleanConfig
) -> None:
    """Drop all but each object's first row."""

    def keep_first(rows: Rows, exact: Sequence[NDArray[Any]], reason: str) -> None:
        rows = order.sort(rows[row_filter.alive[rows]])
        again = pd.DataFrame({i: values[rows] for i, values in enumerate(exact)}).duplicated()
        good = np.ones(len(table), dtype=bool)
        good[rows[again]] = False
        row_filter.keep(good, reason)

    checks = _list_exact_keys(table, rules)
    with ThreadPoolExecutor() as pool:
        repeated = pool.map(find_repeated, [keys for _, keys, _ in checks])
        for (reason, _, exact), rows in zip(checks, repeated, strict=True):
            keep_first(rows, exact, reason)
    if rules.duplicates == "position" and row_filter.alive.any():
        groups = np.zeros(len(table), dtype=np.int64)
        alive = row_filter.alive
        ra, dec = _get_positions(table)
        groups[alive] = group_positions(ra[alive], dec[alive], rules.radius)
        keep_first(find_repeated(groups), [groups], f"within {rules.radius:g} arcsec of another")


def _list_exact_keys(
    table: pd.DataFrame, rules: CleanConfig
) -> list[tuple[str, NDArray[Any], list[NDArray[Any]]]]:
    """List what makes two rows one object: the rule, hash keys, and columns that must be equal."""
    checks: list[tuple[str, NDArray[Any], list[NDArray[Any]]]] = []
    for name in IDS:
        ids = to_id_array(table[name])
        checks.append((f"duplicate {name}", ids, [ids]))
    if set(SPECTRUM) <= set(table.columns):
        spectra = _encode_spectra(table)
        checks.append(("duplicate plate, mjd and fiberID", spectra, [spectra]))
    if rules.duplicates == "exact":
        places = _get_positions(table)
        checks.append(("duplicate ra and dec", hash_positions(*places), places))
    return checks


def _get_positions(table: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Return right ascensions and declinations."""
    return [table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION]


def _encode_spectra(table: pd.DataFrame) -> NDArray[np.float64]:
    """Encode plate, date and fibre as a number below 2**53; 0 where one is missing."""
    plate, mjd, fiber = (table[name].to_numpy(np.float64, na_value=np.nan) for name in SPECTRUM)
    return np.asarray(np.nan_to_num((plate * 1e5 + mjd) * 1e4 + fiber))


def _summarise(dropped: dict[str, int]) -> str:
    """Summarise counts in one line."""
    return ", ".join(f"{count} dropped ({reason})" for reason, count in dropped.items() if count)
