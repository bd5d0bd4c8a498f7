"""Catalogue magnitudes: non-detections and correction for extinction."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import CatalogError
from skyclass.schema import EXTINCTIONS, MAGNITUDES, MODEL_MAGNITUDES, ZERO_FLUX

__all__ = ["correct_extinction", "find_undetected"]


def find_undetected(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Find magnitudes of non-detections: at or fainter than zero flux, or missing.

    Parameters
    ----------
    table
        Catalogue rows, `[n]`.

    Returns
    -------
    dict
        Bool `[n]` for each magnitude that the table has.
    """
    marks = {}
    for name in (*MAGNITUDES, *MODEL_MAGNITUDES, "cModelMag_r"):
        if name in table:
            values = table[name].to_numpy(np.float64, na_value=np.nan)
            marks[name] = ~((values > 0.0) & (values < ZERO_FLUX[name[-1]]))
    return marks


def correct_extinction(table: pd.DataFrame) -> pd.DataFrame:
    """Subtract the table's own extinction from its magnitudes.

    Parameters
    ----------
    table
        Catalogue rows with the columns `EXTINCTIONS`.

    Returns
    -------
    pandas.DataFrame
        The rows with magnitudes as seen from outside the Galaxy.

    Raises
    ------
    CatalogError
        If there is no extinction, or no magnitude.
    """
    missing = [name for name in EXTINCTIONS if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}, which clean.extinction needs"
        )
    names = [m for m in (*MAGNITUDES, *MODEL_MAGNITUDES, "cModelMag_r") if m in table]
    if not names:
        raise CatalogError("the catalogue has no magnitude for clean.extinction to correct")
    extinction = {name: table[f"extinction_{name[-1]}"].to_numpy(np.float64) for name in names}
    return table.assign(**{name: table[name] - extinction[name] for name in names})
