"""Catalogue columns that a model takes beside the picture (late fusion)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.magnitudes import get_catalog_magnitudes
from skyclass.catalog.match_objects import find_rows
from skyclass.errors import ModelError
from skyclass.files import atomic_path, make_directory
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.photometry import to_magnitude
from skyclass.schema import EXTINCTION, PSF_WIDTH, name_columns
from skyclass.surveys.registry import get_survey
from skyclass.workspace import COLUMNS_FOLDER

__all__ = [
    "check_columns",
    "compute_column_statistics",
    "measure_columns",
    "read_columns",
    "save_columns",
    "select_columns",
    "standardise",
    "write_columns",
]

_Select = Callable[[pd.DataFrame, Sequence[str]], NDArray[np.float64]]
"""From a catalogue and the bands of its survey to columns, `[n, column]`."""

_MEASURED: Final = {"magnitudes", "colours"}
"""Groups that can be computed from fluxes alone."""


def check_columns(groups: Sequence[str], catalog: pd.DataFrame, bands: Sequence[str]) -> None:
    """Check that a catalogue has all columns that a model takes.

    Parameters
    ----------
    groups
        As `model.columns` of the experiment file names them.
    catalog
        Any of its rows.
    bands
        Bands of the survey.

    Raises
    ------
    ModelError
        If a column is missing.
    """
    for group in groups:
        _GROUPS[group](catalog.head(1), bands)


def write_columns(groups: Sequence[str], catalog: pd.DataFrame, cutouts: Path) -> None:
    """Write the columns of each split's objects beside the cutouts.

    Parameters
    ----------
    groups
        As `model.columns` of the experiment file names them.
    catalog
        With the objects of all splits.
    cutouts
        Folder of the cutouts.

    Raises
    ------
    ModelError
        If the catalogue lacks a column.
    """
    bands = get_survey(read_info(cutouts).survey).band_names
    values = np.concatenate([_GROUPS[group](catalog, bands) for group in groups], axis=1)
    for split in catalog["split"].unique():
        rows = find_rows(open_cutouts(cutouts)[split].objects(), catalog)
        save_columns(values[rows], cutouts, split)


def save_columns(values: NDArray[np.floating], cutouts: Path, split: str) -> None:
    """Save the columns of a split's objects where `read_columns` looks for them.

    Parameters
    ----------
    values
        `[n, column]`, in the order of the split.
    cutouts
        Folder of the cutouts.
    split
        Name of the split.
    """
    folder = make_directory(cutouts.with_name(COLUMNS_FOLDER))
    with atomic_path(folder / f"{split}.npy") as partial, partial.open("wb") as file:
        np.save(file, values.astype(np.float32), allow_pickle=False)


def read_columns(groups: Sequence[str], cutouts: Path, split: str) -> NDArray[np.float32] | None:
    """Read the columns of a split that `write_columns` wrote.

    Parameters
    ----------
    groups
        Groups of the model.
    cutouts
        Folder of the cutouts.
    split
        Name of the split.

    Returns
    -------
    numpy.ndarray or None
        `[n, column]`, NaN for a missing value; None if there are no groups.
    """
    if not groups:
        return None
    values: NDArray[np.float32] = np.load(
        cutouts.with_name(COLUMNS_FOLDER) / f"{split}.npy", allow_pickle=False
    )
    return values


def compute_column_statistics(
    values: NDArray[np.floating],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Compute mean and standard deviation of each column, missing values left out.

    Parameters
    ----------
    values
        Columns of the training objects, `[n, column]`; NaN for a missing value.

    Returns
    -------
    tuple
        Means and deviations; 0 and 1 for a column without values, deviation 1 for a constant one.
    """
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / count
    square = np.where(known, (values - mean) ** 2, 0).sum(axis=0, dtype=np.float64)
    deviation = np.sqrt(square / count)
    return tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1).tolist())


def standardise(
    values: NDArray[np.floating], mean: Sequence[float], deviation: Sequence[float]
) -> NDArray[np.float32]:
    """Standardise columns; a missing value becomes the mean, and is flagged.

    Parameters
    ----------
    values
        `[n, column]`.
    mean, deviation
        Mean and deviation over the training objects, `[column]`.

    Returns
    -------
    numpy.ndarray
        `[n, 2 * column]`: the values, then 1 for a missing one and 0 for others.
    """
    known = np.isfinite(values)
    scaled = np.where(known, (values - np.asarray(mean)) / np.asarray(deviation), 0)
    return np.concatenate([scaled, ~known], axis=1).astype(np.float32)


def select_columns(
    groups: Sequence[str], catalog: pd.DataFrame, bands: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Select those of a model's columns that a table of objects has.

    Parameters
    ----------
    groups
        Groups of the model.
    catalog
        Objects, `n` rows.
    bands
        Bands of the survey.

    Returns
    -------
    dict
        Values of each group that the table has in full, `[n, column]`.
    """
    known = {}
    for group in groups:
        try:
            known[group] = _GROUPS[group](catalog, bands)
        except ModelError:
            continue
    return known


def measure_columns(
    groups: Sequence[str],
    flux: NDArray[np.floating],
    known: Mapping[str, NDArray[np.float64]] | None = None,
) -> NDArray[np.float32] | None:
    """Compute a model's columns from measured fluxes where no catalogue states them.

    Parameters
    ----------
    groups
        Groups of the model.
    flux
        Nanomaggies in all bands, `[n, band]`.
    known
        Values of groups that a catalogue states (`select_columns`), `[n, column]`.

    Returns
    -------
    numpy.ndarray or None
        `[n, column]`, NaN for a flux that is not positive; None if there are no groups.

    Raises
    ------
    ModelError
        If the model needs columns that fluxes cannot provide.
    """
    if not groups:
        return None
    known = known or {}
    unknown = [group for group in groups if group not in {*known, *_MEASURED}]
    if unknown:
        raise ModelError(
            f"the model needs {', '.join(unknown)} of a catalogue, which frames do not hold;"
            " classify the positions of a table that has them, or train a model with model.columns"
            " of magnitudes and colours only"
        )
    magnitudes = to_magnitude(flux)
    parts = {"magnitudes": magnitudes, "colours": -np.diff(magnitudes, axis=1), **known}
    return np.concatenate([parts[group] for group in groups], axis=1).astype(np.float32)


def _select_magnitudes(catalog: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64]:
    """Select the magnitudes, `[n, band]`."""
    magnitudes = get_catalog_magnitudes(catalog, bands)
    if magnitudes is None:
        raise ModelError(
            f"model.columns: the catalogue has no psfMag or modelMag in all of {', '.join(bands)}"
        )
    return magnitudes


def _compute_colours(catalog: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64]:
    """Compute the colours of neighbouring bands, `[n, band - 1]`."""
    return -np.diff(_select_magnitudes(catalog, bands), axis=1)


def _make_selector(quantity: str) -> _Select:
    """Create a function that selects the columns of a quantity."""

    def select(catalog: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64]:
        names = name_columns(quantity, bands)
        missing = [name for name in names if name not in catalog]
        if missing:
            raise ModelError(f"model.columns: the catalogue lacks {', '.join(missing)}")
        return catalog[list(names)].to_numpy(np.float64, na_value=np.nan)

    return select


_GROUPS: Final[dict[str, _Select]] = {
    "magnitudes": _select_magnitudes,
    "colours": _compute_colours,
    "extinction": _make_selector(EXTINCTION),
    "psf": _make_selector(PSF_WIDTH),
}
