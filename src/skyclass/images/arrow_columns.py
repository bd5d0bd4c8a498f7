"""Columns of stored cutouts as Arrow types, in the layout that Hugging Face `datasets` opens.

That library stores an array as nested lists, and marks the column as one of its extension types;
the mark is metadata of the Arrow field. Here the mark is written as such, and lists are read as
lists, so that the library itself is not needed.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = [
    "Feature",
    "describe_array",
    "describe_label",
    "describe_list",
    "describe_value",
    "make_array_column",
    "make_schema",
    "read_arrow",
    "view_arrays",
]

Feature = Mapping[str, Any]
"""What a column holds, as `datasets` describes it in JSON."""

_TYPES: Final = {"string": pa.string(), "bool": pa.bool_()}
"""Types that Arrow knows by another name than `datasets`."""


def describe_array(shape: Sequence[int], dtype: str) -> Feature:
    """Describe a column of arrays of one shape.

    Parameters
    ----------
    shape
        Of each array; two or three axes.
    dtype
        Type of the elements, as NumPy names it.

    Returns
    -------
    Feature
        Description of the column.
    """
    return {"shape": list(shape), "dtype": dtype, "_type": f"Array{len(shape)}D"}


def describe_label(names: Sequence[str]) -> Feature:
    """Describe a column of integer labels by the names of the classes, in their order."""
    return {"names": list(names), "_type": "ClassLabel"}


def describe_list(dtype: str) -> Feature:
    """Describe a column of lists of numbers, such as one for each band."""
    return {"feature": describe_value(dtype), "length": -1, "_type": "Sequence"}


def describe_value(dtype: str) -> Feature:
    """Describe a column of plain values: numbers as NumPy names them, or ``string``."""
    return {"dtype": dtype, "_type": "Value"}


def make_schema(features: Mapping[str, Feature]) -> pa.Schema:
    """Build the Arrow schema of columns, with the metadata that `datasets` reads.

    Parameters
    ----------
    features
        Description of each column.

    Returns
    -------
    pyarrow.Schema
        Arrays are nested lists.
    """
    fields = [_make_field(name, feature) for name, feature in features.items()]
    described = {name: dict(feature) for name, feature in features.items()}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": described}})})


def _make_field(name: str, feature: Feature) -> pa.Field:
    """Build one column's Arrow field."""
    if feature["_type"] == "ClassLabel":
        return pa.field(name, pa.int64())
    if feature["_type"] == "Sequence":
        return pa.field(name, pa.list_(_find_type(feature["feature"]["dtype"])))
    kind = _find_type(feature["dtype"])
    if feature["_type"] == "Value":
        return pa.field(name, kind)
    for _ in feature["shape"]:
        kind = pa.list_(kind)
    extension = {
        "ARROW:extension:name": f"datasets.features.features.{feature['_type']}ExtensionType",
        "ARROW:extension:metadata": json.dumps([feature["shape"], feature["dtype"]]),
    }
    return pa.field(name, kind, metadata=extension)


def _find_type(dtype: str) -> pa.DataType:
    """Find the Arrow type of a value."""
    return _TYPES.get(dtype) or pa.from_numpy_dtype(dtype)


def make_array_column(values: NDArray[Any]) -> pa.ListArray:
    """Convert an array to a column of nested lists, without a loop over its rows.

    Parameters
    ----------
    values
        `[n, ...]`.

    Returns
    -------
    pyarrow.ListArray
        `n` arrays.
    """
    column = pa.array(values.reshape(-1))
    for axis in range(values.ndim - 1, 0, -1):
        step = values.shape[axis]
        starts = np.arange(0, len(column) + 1, step, dtype=np.int32)
        column = pa.ListArray.from_arrays(pa.array(starts), column)
    return column


def view_arrays(column: pa.ListArray) -> NDArray[Any]:
    """View a column of arrays of one shape as one array, without a copy if it holds numbers.

    Parameters
    ----------
    column
        `n` arrays as nested lists; at least one.

    Returns
    -------
    numpy.ndarray
        `[n, ...]`.
    """
    shape = [len(column)]
    flat: Any = column
    while pa.types.is_list(flat.type):
        count = len(flat)
        flat = flat.flatten()
        shape.append(len(flat) // count)
    view: NDArray[Any] = flat.to_numpy(zero_copy_only=not pa.types.is_boolean(flat.type))
    return view.reshape(shape)


def read_arrow(path: Path) -> pa.Table:
    """Open the rows of an Arrow file as a view of the memory-mapped file.

    Parameters
    ----------
    path
        Stream of record batches.

    Returns
    -------
    pyarrow.Table
        Arrays are nested lists, whether or not `datasets` has been imported.

    Raises
    ------
    OSError
        If there is no such file.
    pyarrow.ArrowInvalid
        If it is broken.
    """
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all()
    columns = [_drop_extension(column) for column in table.columns]
    return pa.table(columns, names=table.column_names, metadata=table.schema.metadata)


def _drop_extension(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the lists below the extension type that `datasets` registers when it is imported."""
    if not isinstance(column.type, pa.BaseExtensionType):
        return column
    chunks = [chunk.storage for chunk in column.chunks]
    return pa.chunked_array(chunks, type=column.type.storage_type)
