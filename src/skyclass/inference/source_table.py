"""Write a table of classified sources, with units and its origin, for TOPCAT and others."""

import json
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skyclass.files import AnyPath, atomic_path
from skyclass.inference.hats_catalog import write_hats
from skyclass.inference.result_columns import FLUX_UNIT, ResultColumn, find_result_column
from skyclass.inference.table_formats import FORMATS, HATS, check_suffix
from skyclass.inference.table_metadata import (
    METADATA_KEY,
    TableMetadata,
    describe_metadata,
    format_metadata,
)
from skyclass.surveys.registry import get_survey

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["make_arrow_table", "write_table"]

_CARD: Final = 72
"""Most characters of a comment in a FITS header."""


def write_table(table: pd.DataFrame, out: AnyPath, metadata: TableMetadata | None = None) -> None:
    """Write a table of sources in the format of the file name's suffix.

    Parameters
    ----------
    table
        As returned by `classify`.
    out
        ``.parquet``, ``.csv``, ``.ecsv``, ``.fits``, ``.vot`` or ``.hats``. All but ``.csv`` and
        ``.hats`` hold the units, UCDs and descriptions of the columns.
    metadata
        What the table says of itself; it stands in all but ``.csv``.

    Raises
    ------
    InferenceError
        If the name has another suffix.
    """
    out = Path(out)
    check_suffix(out)
    if out.suffix == HATS:
        write_hats(table, out, metadata)
        return
    with atomic_path(out) as partial, warnings.catch_warnings():
        # of units and names that a format does not know
        warnings.simplefilter("ignore")
        if out.suffix == ".parquet":
            pq.write_table(make_arrow_table(table, metadata), partial)
        elif out.suffix == ".vot":
            _write_votable(table, partial, metadata)
        elif out.suffix == ".fits":
            _write_fits(table, partial, metadata)
        else:
            _make_plain_table(table, metadata).write(partial, format=FORMATS[out.suffix])


def make_arrow_table(table: pd.DataFrame, metadata: TableMetadata | None = None) -> pa.Table:
    """Convert a table of sources to Arrow's, with what is known of it and its columns.

    Parameters
    ----------
    table
        As returned by `classify`.
    metadata
        What the table says of itself.

    Returns
    -------
    pyarrow.Table
        Its schema has the metadata under the key ``skyclass``, in JSON; its fields have `unit`,
        `ucd` and `description`.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = []
    for each in arrow.schema:
        column = _find_column(each.name, metadata)
        if column is None:
            fields.append(each)
            continue
        notes = {"unit": column.unit, "ucd": column.ucd, "description": column.meaning}
        fields.append(each.with_metadata({key: text for key, text in notes.items() if text}))
    schema = dict(arrow.schema.metadata or {})
    if metadata is not None:
        schema[METADATA_KEY.encode()] = format_metadata(metadata).encode()
    return arrow.cast(pa.schema(fields, metadata=schema))


def _find_column(name: str, metadata: TableMetadata | None) -> ResultColumn | None:
    """Find what a column means in a table with such metadata."""
    if metadata is None:
        return find_result_column(name, (), None)
    return find_result_column(name, metadata.labels, get_survey(metadata.survey))


def _make_plain_table(table: pd.DataFrame, metadata: TableMetadata | None) -> "Table":
    """Convert a table to astropy's, with units, descriptions, UCDs and metadata, for ECSV."""
    plain = _convert_columns(table, metadata)
    for name in plain.colnames:
        column = _find_column(name, metadata)
        if column is not None:
            plain[name].description = column.meaning
            plain[name].meta["ucd"] = column.ucd
    if metadata is not None:
        plain.meta["comments"] = _wrap_notes(metadata)
        plain.meta[METADATA_KEY] = json.loads(format_metadata(metadata))
    return plain


def _write_votable(table: pd.DataFrame, path: Path, metadata: TableMetadata | None) -> None:
    """Write a VOTable: the metadata is its description, and a parameter."""
    from astropy.io.votable.tree import Param, VOTableFile

    file = VOTableFile.from_table(_convert_columns(table.apply(_make_signed), metadata))
    content = file.get_first_table()
    for field in content.fields:
        column = _find_column(field.name, metadata)
        if column is not None:
            field.ucd, field.description = column.ucd, column.meaning
    if metadata is not None:
        content.description = " ".join(describe_metadata(metadata))
        # astropy escapes what XML reserves twice; JSON can spell it otherwise
        text = format_metadata(metadata).replace("&", r"\u0026").replace("<", r"\u003c")
        content.params.append(
            Param(file, name=METADATA_KEY, datatype="char", arraysize="*", value=text)
        )
    file.to_xml(str(path), tabledata_format="tabledata")


def _write_fits(table: pd.DataFrame, path: Path, metadata: TableMetadata | None) -> None:
    """Write FITS: TCOMM and TUCD cards of each column, as TOPCAT reads them, comments, and JSON."""
    from astropy.io import fits

    unit = fits.table_to_hdu(_convert_columns(table, metadata))
    for number, name in enumerate(table.columns, 1):
        column = _find_column(str(name), metadata)
        if column is not None:
            unit.header[f"TCOMM{number}"] = _make_ascii(column.meaning)
            unit.header[f"TUCD{number}"] = column.ucd
    if metadata is not None:
        unit.header[METADATA_KEY.upper()] = format_metadata(metadata)
        for line in _wrap_notes(metadata):
            unit.header.add_comment(_make_ascii(line))
    fits.HDUList([fits.PrimaryHDU(), unit]).writeto(path)


def _convert_columns(table: pd.DataFrame, metadata: TableMetadata | None) -> "Table":
    """Convert a table to astropy's, with units."""
    from astropy import units
    from astropy.table import Table

    plain = Table.from_pandas(table.apply(_make_text))
    for name in plain.colnames:
        column = _find_column(name, metadata)
        if column is not None and column.unit:
            unknown = column.unit == FLUX_UNIT
            plain[name].unit = (units.UnrecognizedUnit if unknown else units.Unit)(column.unit)
    return plain


def _wrap_notes(metadata: TableMetadata) -> list[str]:
    """Wrap the sentences on a table to the length of a comment."""
    wrapper = textwrap.TextWrapper(_CARD, break_on_hyphens=False)
    return [line for sentence in describe_metadata(metadata) for line in wrapper.wrap(sentence)]


def _make_ascii(text: str) -> str:
    """Replace the characters that a FITS header cannot hold."""
    return text.encode("ascii", "backslashreplace").decode()


def _make_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Convert a column of text of any kind to plain objects."""
    text = isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype)
    return column.astype(object) if text else column


def _make_signed(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Convert unsigned integers, which a VOTable lacks, to signed ones, or to text if too large."""
    if not pd.api.types.is_unsigned_integer_dtype(column.dtype):
        return column
    fits = column.max() < 2**63
    return column.astype("Int64") if fits else column.astype("string").astype(object)
