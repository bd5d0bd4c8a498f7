"""Catalogue magnitudes: what is no detection, and correction for extinction."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import CatalogError
from skyclass.schema import EXTINCTIONS, MAGNITUDES, MODEL_MAGNITUDES, ZERO_FLUX

__all__ = ["correct_extinction", "undetected"]


def undetected(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Tell which magnitudes are no detection: at or fainter than zero flux, or not there.

    Parameters
    ----------
    table
        Catalogue rows, `[n]`.

    Returns
    -------
    dict
        Bool `[n]` for each magnitude that the table has.
    """
    found = {}
    for name in (*MAGNITUDES, *MODEL_MAGNITUDES, "cModelMag_r"):
        if name in table:
            values = table[name].to_numpy(np.float64, na_value=np.nan)
            found[name] = ~((values > 0.0) & (values < ZERO_FLUX[name[-1]]))
    return found


def correct_extinction(table: pd.DataFrame) -> pd.DataFrame:
    """Subtract the table's own extinction from its magnitudes.

    Parameters
    ----------
    table
        Catalogue rows with the columns `EXTINCTIONS`.

    Returns
    -------
    pandas.DataFrame
        The rows with magnitudes as they would be outside the Galaxy.

    Raises
    ------
    CatalogError
        Where there is no extinction, or no magnitude.
    """
    missing = [name for name in EXTINCTIONS if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}, which clean.extinction needs"
        )
    names = [m for m in (*MAGNITUDES, *MODEL_MAGNITUDES, "cModelMag_r") if m in table]
    if not names:
        raise CatalogError("the catalogue has no magnitude that clean.extinction could correct")
    extinction = {name: table[f"extinction_{name[-1]}"].to_numpy(np.float64) for name in names}
    return table.assign(**{name: table[name] - extinction[name] for name in names})
