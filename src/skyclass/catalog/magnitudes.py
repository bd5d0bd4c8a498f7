"""Catalogue magnitudes: selection, non-detections and correction for extinction."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import CatalogError
from skyclass.schema import (
    EXTINCTION,
    MODEL_MAGNITUDE,
    PSF_MAGNITUDE,
    TOTAL_MAGNITUDE,
    name_columns,
)
from skyclass.surveys.survey import Survey

__all__ = ["correct_extinction", "find_undetected", "get_catalog_magnitudes"]


def find_undetected(table: pd.DataFrame, survey: Survey) -> dict[str, NDArray[np.bool_]]:
    """Find magnitudes of non-detections: at or fainter than zero flux, not positive, or missing.

    Parameters
    ----------
    table
        Catalogue rows, `[n]`.
    survey
        Survey of the bands; only asinh magnitudes have a magnitude of zero flux.

    Returns
    -------
    dict
        Bool `[n]` for each magnitude that the table has.
    """
    marks = {}
    for name, band in _list_magnitudes(table, survey).items():
        numbers = pd.to_numeric(table[name], errors="coerce")
        values = numbers.to_numpy(np.float64, na_value=np.nan)
        faintest = survey.get_band(band).zero_flux or np.inf
        marks[name] = ~((values > 0.0) & (values < faintest))
    return marks


def correct_extinction(table: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Subtract the table's own extinction from its magnitudes.

    Parameters
    ----------
    table
        Catalogue rows with the extinction in each band.
    survey
        Survey of the bands.

    Returns
    -------
    pandas.DataFrame
        The rows with magnitudes as seen from outside the Galaxy.

    Raises
    ------
    CatalogError
        If there is no extinction, or no magnitude.
    """
    missing = [name for name in name_columns(EXTINCTION, survey.band_names) if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}, which clean.extinction needs"
        )
    names = _list_magnitudes(table, survey)
    if not names:
        raise CatalogError("the catalogue has no magnitude for clean.extinction to correct")
    corrected = {
        name: table[name] - table[f"{EXTINCTION}_{band}"].to_numpy(np.float64)
        for name, band in names.items()
    }
    return table.assign(**corrected)


def get_catalog_magnitudes(table: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64] | None:
    """Select the magnitudes that a catalogue has in all bands.

    Parameters
    ----------
    table
        Catalogue rows, `[n]`.
    bands
        Bands of the survey.

    Returns
    -------
    numpy.ndarray or None
        PSF magnitudes, `[n, band]`, or model magnitudes where it lacks these, NaN for a missing
        one; None if there are none at all.
    """
    for quantity in (PSF_MAGNITUDE, MODEL_MAGNITUDE):
        names = name_columns(quantity, bands)
        if set(names) <= set(table.columns) and table[list(names)].notna().any(axis=None):
            return table[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    return None


def _list_magnitudes(table: pd.DataFrame, survey: Survey) -> dict[str, str]:
    """List the magnitudes that a table has, each with its band."""
    bands = {
        f"{quantity}_{band}": band
        for quantity in (PSF_MAGNITUDE, MODEL_MAGNITUDE, TOTAL_MAGNITUDE)
        for band in survey.band_names
    }
    return {name: band for name, band in bands.items() if name in table}
