"""Read a table of classified sources again, with what it says of itself."""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.inference.table_formats import FORMATS
from skyclass.inference.table_metadata import METADATA_KEY, TableMetadata, parse_metadata

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["read_result"]

_EMPTY: dict[str, str | None] = {
    "class": None,
    "class_origin": None,
    "flags": "",
    "prediction_set": "",
    "reason": "",
    "selected": "",
}
"""Text columns that may be empty, and what stands for that in a table that `classify` returns."""


def read_result(path: AnyPath) -> tuple[pd.DataFrame, TableMetadata | None]:
    """Read a table that `skyclass.inference.source_table.write_table` wrote.

    Parameters
    ----------
    path
        ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``.

    Returns
    -------
    table
        As `skyclass.classify` returned it.
    metadata
        What the table says of itself; None if it does not (``.csv`` cannot).

    Raises
    ------
    InferenceError
        If the file is missing, broken, or of another suffix.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.inference.read_result import read_result
    >>> _ = skyclass.classify("frames", "model", "classes.parquet")
    >>> table, metadata = read_result("classes.parquet")
    >>> metadata.labels
    ('hot', 'cool')
    """
    path = Path(path)
    if not path.is_file():
        raise InferenceError(f"{path} does not exist")
    if path.suffix not in {".parquet", *FORMATS}:
        known = " or ".join((".parquet", *FORMATS))
        raise InferenceError(
            f"{path} is no table of classified sources; its suffix is one of {known}"
        )
    try:
        table, text = _read(path)
    except Exception as error:  # each reader raises its own kinds on a broken file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InferenceError(f"{path} is not a readable table: {reason}") from error
    for name in {*_EMPTY} & {*table.columns}:
        values = table[name].to_numpy(object)
        empty = pd.isna(values) | (values == "")
        table[name] = np.where(empty, np.array(_EMPTY[name], object), values)
    return table, None if text is None else parse_metadata(text, str(path))


def _read(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read the rows of a table, and its metadata as JSON."""
    if path.suffix == ".csv":
        return pd.read_csv(path, keep_default_na=False, na_values=[""]), None
    if path.suffix == ".parquet":
        arrow = pq.read_table(path)
        text = (arrow.schema.metadata or {}).get(METADATA_KEY.encode())
        return arrow.to_pandas(), None if text is None else text.decode()
    with warnings.catch_warnings():
        # of units that astropy does not know
        warnings.simplefilter("ignore")
        table, text = _read_votable(path) if path.suffix == ".vot" else _read_astropy(path)
        table.convert_bytestring_to_unicode()
        return table.to_pandas(), text


def _read_votable(path: Path) -> "tuple[Table, str | None]":
    """Read a VOTable, and its parameter with the metadata."""
    from astropy.io.votable import parse_single_table

    content = parse_single_table(path)
    texts = [str(param.value) for param in content.params if param.name == METADATA_KEY]
    return content.to_table(), next(iter(texts), None)


def _read_astropy(path: Path) -> "tuple[Table, str | None]":
    """Read FITS or ECSV, and the metadata in its header."""
    from astropy.table import Table

    table = Table.read(path, format=FORMATS[path.suffix])
    if path.suffix == ".fits":
        return table, table.meta.get(METADATA_KEY.upper())
    values = table.meta.get(METADATA_KEY)
    return table, None if values is None else json.dumps(values)
