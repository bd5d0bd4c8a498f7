"""Read a table of the positions to classify."""

from typing import TYPE_CHECKING, Final, Union

import numpy as np
import pandas as pd

from skyclass.catalog.astropy_table import convert_coordinates, convert_table
from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.position_columns import PositionColumns, complete_positions
from skyclass.catalog.read_table import read_table
from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.models.catalog_columns import measure_columns, select_columns
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import POSITION
from skyclass.surveys.registry import get_survey

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

__all__ = ["PositionTable", "read_positions"]

PositionTable = Union[Catalog, pd.DataFrame, "Table", "SkyCoord", AnyPath]
"""What holds positions: a table, positions of astropy, or a file."""

_MANY: Final = 1_000_000
"""Rows from which a table must name its objects."""


def read_positions(
    positions: PositionTable, spec: ModelSpec, columns: PositionColumns | None = None
) -> pd.DataFrame:
    """Read the table of the objects to classify.

    Parameters
    ----------
    positions
        Catalogue, table, positions, or a file (`skyclass.catalog.read_table.read_table`).
    spec
        Specification of the model.
    columns
        Which columns hold the positions, and their unit, where the table does not say so.

    Returns
    -------
    pandas.DataFrame
        One row per object, with `ra` and `dec` in degrees.

    Raises
    ------
    CatalogError
        If the file is not a table, or a named column is missing.
    InferenceError
        If the table has no positions, or a million rows or more and no column of ids.
    ModelError
        If the model needs columns that neither the table nor fluxes provide.
    """
    table = _read(positions, spec, columns or PositionColumns())
    missing = [name for name in POSITION if name not in table]
    if missing:
        raise InferenceError(
            f"the table of positions has no column {missing[0]} or one of a known name; name its"
            f" columns of positions (ra, dec) among: {', '.join(map(str, table.columns))}"
        )
    _check_ids(table)
    bands = get_survey(spec.survey).band_names
    known = select_columns(spec.columns, table.head(1), bands)
    measure_columns(spec.columns, np.empty((len(table.head(1)), len(bands))), known)
    return table.reset_index(drop=True)


def _read(positions: PositionTable, spec: ModelSpec, columns: PositionColumns) -> pd.DataFrame:
    """Read a table of any kind, with `ra` and `dec` in degrees where its positions are found."""
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

    if isinstance(positions, SkyCoord):
        return convert_coordinates(positions)
    if isinstance(positions, Table):
        return complete_positions(*convert_table(positions), columns)
    if isinstance(positions, Catalog):
        return complete_positions(positions.table, {}, columns)
    if isinstance(positions, pd.DataFrame):
        return complete_positions(positions, {}, columns)
    return read_table(positions, positions=columns, survey=spec.survey)


def _check_ids(table: pd.DataFrame) -> None:
    """Raise if a long table has no column that tells its objects apart."""
    if len(table) < _MANY:
        return
    for name in table.columns.difference(list(POSITION)):
        values = table[name]
        if not pd.api.types.is_float_dtype(values) and values.is_unique:
            return
    raise InferenceError(
        f"the table of positions has {len(table):,} rows and no column of ids, so that its objects"
        " could not be told apart later: add one, such as the number of the row"
    )
