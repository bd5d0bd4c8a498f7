"""Ids of objects and of their units of files: exact 64-bit numbers, and substitutes for them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from skyclass.errors import CatalogError
from skyclass.schema import IDS, POSITION, SPECTRUM

__all__ = [
    "encode_units",
    "make_identities",
    "make_missing_ids",
    "number_units",
    "parse_id_columns",
    "parse_ids",
    "to_id_array",
]

_KEY_BITS: Final = 51
"""Most bits of an encoded key: 12 more hold a coarse right ascension."""

_NUMBER: Final = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"

_SPREADSHEET_DIGITS: Final = 15
"""Digits that a spreadsheet keeps of a number; the others become zeros."""


def parse_ids(ids: "pd.Series[Any]") -> tuple["pd.Series[Any]", int]:
    """Parse 64-bit ids, leaving out those that have been rounded.

    Parameters
    ----------
    ids
        Integers, text, or floating-point numbers (which keep 53 bits, so none of them counts).

    Returns
    -------
    exact
        UInt64, missing where there is no exact id.
    rounded
        Number of ids that were there but rounded: floating point, ``1.24E+18``, or all of them
        ending in zeros from the 16th digit on, as a spreadsheet writes them.
    """
    if pd.api.types.is_float_dtype(ids):
        return make_missing_ids(ids.index), int(ids.notna().sum())
    if pd.api.types.is_integer_dtype(ids):
        # an id beyond 2**63 comes back negative from signed integers
        kind = "u8" if pd.api.types.is_unsigned_integer_dtype(ids) else "i8"
        values = ids.to_numpy(dtype=kind, na_value=0).view(np.uint64)
        exact, rounded = _build_integers(values, ids.isna().to_numpy(), ids.index), 0
    else:
        exact, rounded = _parse_text(ids.astype("string").str.strip())
    if _is_from_spreadsheet(to_id_array(exact)):
        return make_missing_ids(ids.index), rounded + int(exact.notna().sum())
    return exact, rounded


def parse_id_columns(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Parse the id columns that a table has.

    Parameters
    ----------
    table
        Objects, `[n]`.

    Returns
    -------
    table
        The same with `objid` and `specobjid` as UInt64, missing where there is no exact id.
    rounded
        Number of ids in each of these columns that were rounded.
    """
    parsed = {name: parse_ids(table[name]) for name in IDS if name in table}
    exact = {name: ids for name, (ids, _) in parsed.items()}
    return table.assign(**exact), {name: count for name, (_, count) in parsed.items()}


def make_missing_ids(index: "pd.Index[Any]") -> "pd.Series[Any]":
    """Build ids that are all missing.

    Parameters
    ----------
    index
        Index of the rows, `[n]`.

    Returns
    -------
    pandas.Series
        UInt64, `[n]`.
    """
    return _build_integers(np.zeros(len(index), np.uint64), np.ones(len(index), dtype=bool), index)


def _build_integers(
    values: NDArray[np.uint64], missing: NDArray[np.bool_], index: "pd.Index[Any]"
) -> "pd.Series[Any]":
    """Build whole numbers of which some are missing."""
    return pd.Series(pd.arrays.IntegerArray(values, missing), index=index, copy=False)


def _parse_text(text: "pd.Series[str]") -> tuple["pd.Series[Any]", int]:
    """Parse ids in text, and count those written as rounded numbers."""
    whole = text.str.fullmatch(r"[0-9]{1,19}|1[0-9]{19}").fillna(False).to_numpy(dtype=bool)
    digits = pa.array(text.where(whole), type=pa.large_string(), from_pandas=True)
    values = np.asarray(digits.cast(pa.uint64()).fill_null(0), dtype=np.uint64)
    number = text.str.fullmatch(_NUMBER).fillna(False).to_numpy(dtype=bool)
    return _build_integers(values, ~whole, text.index), int(np.count_nonzero(number & ~whole))


def _is_from_spreadsheet(ids: NDArray[np.uint64]) -> bool:
    """Whether all ids end in the zeros that a spreadsheet puts into long numbers."""
    # a counterexample is most quickly found among the first ids
    for part in (ids[:1000], ids):
        long = part[part >= 10**_SPREADSHEET_DIGITS]
        if not _end_in_zeros(long):
            return False
    return len(long) >= 3


def _end_in_zeros(long: NDArray[np.uint64]) -> bool:
    """Whether numbers of more than 15 digits have only zeros after the fifteenth."""
    digits = np.floor(np.log10(long.astype(np.float64))).astype(np.int64) + 1
    # rounding may put a number just below a power of ten above it: there it ends in zeros anyway
    lost = np.clip(digits - _SPREADSHEET_DIGITS, 1, 5).astype(np.uint64)
    return not (long % np.uint64(10) ** lost).any()


def to_id_array(ids: "pd.Series[Any]") -> NDArray[np.uint64]:
    """Convert ids to a plain array.

    Parameters
    ----------
    ids
        UInt64, `[n]`.

    Returns
    -------
    numpy.ndarray
        Uint64 `[n]`, 0 where there is no id.
    """
    return ids.to_numpy(dtype=np.uint64, na_value=0)


def encode_units(table: pd.DataFrame, key: Sequence[str]) -> NDArray[np.int64]:
    """Encode the unit of files of each object as one number, in the order of the key's columns.

    Parameters
    ----------
    table
        With the columns of `key`, integers or text, missing values allowed.
    key
        Key columns of the survey.

    Returns
    -------
    numpy.ndarray
        Int64 `[n]`, below 2**51, -1 where the unit is not known.
    """
    code, bits = np.zeros(len(table), dtype=np.int64), 0
    for name in key:
        values = _to_codes(table[name])
        width = int(values.max(initial=0)).bit_length()
        if bits + width > _KEY_BITS:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            bits = int(code.max(initial=0)).bit_length()
        code = (code << width) + values
        bits += width
    if bits > _KEY_BITS:
        code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    unknown = [table[name].isna().to_numpy() for name in key if table[name].hasnans]
    return np.where(np.logical_or.reduce(unknown), -1, code) if unknown else code


def _to_codes(column: "pd.Series[Any]") -> NDArray[np.int64]:
    """Convert a key column to numbers from 0 in the same order; 0 where a value is missing."""
    if not pd.api.types.is_numeric_dtype(column):
        codes = pd.factorize(column.astype("string"), sort=True)[0]
        return np.maximum(codes.astype(np.int64), 0)
    values = (column.fillna(0) if column.hasnans else column).to_numpy(dtype=np.int64)
    lowest = int(values.min(initial=0))
    return values - lowest if lowest < 0 else values


def number_units(table: pd.DataFrame, key: Sequence[str]) -> NDArray[np.int64]:
    """Assign numbers to the units of files of objects, in the order of the key's columns.

    Parameters
    ----------
    table
        With the columns of `key`, no value missing; at least one row.
    key
        Key columns of the survey.

    Returns
    -------
    numpy.ndarray
        From 0, `[n]`.
    """
    code = encode_units(table, key)
    steps = np.diff(code)
    if (steps < 0).any():
        return np.unique(code, return_inverse=True)[1]
    # rows in the order that `clean` gives them need no sorting
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps > 0)])


def make_identities(table: pd.DataFrame, key: Sequence[str]) -> "pd.Series[str]":
    """Build one identity for each object from its exact columns.

    The spectroscopic id names the row; where it is missing, the photometric one; then
    plate-mjd-fiber; then the key of its unit of files and position; then the position.

    Parameters
    ----------
    table
        With the columns `objid` and `specobjid`, which may be empty.
    key
        Key columns of the survey.

    Returns
    -------
    pandas.Series
        Strings, `[n]`, missing where a row has none of these.

    Raises
    ------
    CatalogError
        If no row has any of these.
    """
    result = table["specobjid"].fillna(table["objid"]).astype("string")
    for columns in (SPECTRUM, (*key, *POSITION), POSITION):
        empty = result.isna().to_numpy()
        if empty.any() and set(columns) <= set(table.columns):
            result[empty] = _join_values(table.loc[empty, list(columns)])
    if result.isna().all():
        raise CatalogError(
            f"the catalogue has no column that identifies an object: add {', '.join(IDS)},"
            f" {'-'.join(SPECTRUM)}, or {', '.join(POSITION)}"
        )
    return result


def _join_values(parts: pd.DataFrame) -> NDArray[np.object_]:
    """Join the values of each row with hyphens, degrees to a milliarcsecond."""
    complete = parts.notna().all(axis=1).to_numpy()
    text = np.full(len(parts), "", dtype=object)
    for name in parts:
        if not pd.api.types.is_numeric_dtype(parts[name]):
            text = text + parts[name].astype("string").fillna("").to_numpy(dtype=object) + "-"
            continue
        values = parts[name].to_numpy(dtype=np.float64, na_value=np.nan)
        form = "{:+.7f}" if name == "dec" else "{:.7f}" if name == "ra" else "{:.0f}"
        text = text + np.array([form.format(v) for v in values], dtype=object) + "-"
    text[~complete] = pd.NA
    return np.array([t if t is pd.NA else t[:-1] for t in text], dtype=object)
