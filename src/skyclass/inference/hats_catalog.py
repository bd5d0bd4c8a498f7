"""Write a table of sources as a HATS catalogue: Parquet files by HEALPix tile, for LSDB."""

import logging
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.errors import InferenceError
from skyclass.files import atomic_path
from skyclass.inference.table_formats import check_hats
from skyclass.inference.table_metadata import (
    METADATA_KEY,
    TableMetadata,
    format_metadata,
    parse_metadata,
)
from skyclass.schema import POSITION

__all__ = ["read_hats_metadata", "write_hats"]

_PROPERTIES: Final = "hats.properties"

_log = logging.getLogger(__name__)


def write_hats(table: pd.DataFrame, out: Path, metadata: TableMetadata | None = None) -> None:
    """Write a table of sources as a HATS catalogue.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it. Rows without a valid position lie in no tile; they are
        left out with a warning.
    out
        Directory to write; replaces a HATS catalogue that is there.
    metadata
        What the table says of itself; a property of the catalogue, in JSON.

    Raises
    ------
    InferenceError
        If no row has a position, or `out` holds something else.
    MissingExtraError
        If LSDB is not installed.
    """
    check_hats(out)
    placed = _select_placed(table)
    import dask
    import lsdb

    ra, dec = POSITION
    properties = {} if metadata is None else {METADATA_KEY: format_metadata(metadata)}
    # one table in memory: threads and processes of Dask would only add to its cost
    with dask.config.set(scheduler="synchronous"), atomic_path(out, folder=True) as partial:
        catalog = lsdb.from_dataframe(
            placed, ra_column=ra, dec_column=dec, catalog_name=out.stem, margin_threshold=None
        )
        catalog.write_catalog(
            partial,
            catalog_name=out.stem,
            as_collection=False,
            progress_bar=False,
            addl_hats_properties=properties,
        )


def read_hats_metadata(catalog: Path) -> TableMetadata | None:
    """Read what a HATS catalogue says of itself.

    Parameters
    ----------
    catalog
        Directory of the catalogue.

    Returns
    -------
    TableMetadata or None
        None for a catalogue that was written without.

    Raises
    ------
    InferenceError
        If it is not that of a table of classified sources.
    """
    path = catalog / _PROPERTIES
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    start = f"{METADATA_KEY}="
    texts = [line.removeprefix(start) for line in lines if line.startswith(start)]
    return parse_metadata(texts[0], str(path)) if texts else None


def _select_placed(table: pd.DataFrame) -> pd.DataFrame:
    """Select the rows that have a valid position."""
    if not set(POSITION) <= set(table.columns):
        raise InferenceError("the table has no columns ra and dec, by which HATS places its rows")
    ra, dec = (table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION)
    valid = np.isfinite(ra) & (np.abs(dec) <= 90)
    if not valid.any():
        raise InferenceError("no row of the table has a position, by which HATS places it")
    if not valid.all():
        _log.warning("%d rows without a position are not in the HATS catalogue", (~valid).sum())
    placed: pd.DataFrame = table[valid]
    return placed
