"""Read a table of the positions to classify."""

import numpy as np
import pandas as pd

from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.read_table import read_table
from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.models.catalog_columns import measure_columns, select_columns
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["read_positions"]


def read_positions(positions: Catalog | pd.DataFrame | AnyPath, spec: ModelSpec) -> pd.DataFrame:
    """Read the table of the objects to classify.

    Parameters
    ----------
    positions
        Catalogue, table, or the file of one (`skyclass.catalog.read_table.read_table`).
    spec
        Specification of the model.

    Returns
    -------
    pandas.DataFrame
        One row per object, with `ra` and `dec` in degrees.

    Raises
    ------
    CatalogError
        If the file is not a table.
    InferenceError
        If the table has no positions.
    ModelError
        If the model needs columns that neither the table nor fluxes provide.
    """
    if isinstance(positions, Catalog):
        table = positions.table
    elif isinstance(positions, pd.DataFrame):
        table = positions
    else:
        table = read_table(positions, survey=spec.survey)
    missing = [name for name in POSITION if name not in table]
    if missing:
        raise InferenceError(f"the table of positions has no column {', '.join(missing)}")
    bands = get_survey(spec.survey).band_names
    known = select_columns(spec.columns, table.head(1), bands)
    measure_columns(spec.columns, np.empty((len(table.head(1)), len(bands))), known)
    return table.reset_index(drop=True)
