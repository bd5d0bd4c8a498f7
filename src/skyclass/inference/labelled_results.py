"""Read objects whose class is known, and that were classified, as calibration objects."""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.inference.read_result import read_result
from skyclass.inference.table_metadata import TableMetadata
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.model_spec import ModelSpec
from skyclass.photometry import to_magnitude
from skyclass.surveys.registry import get_survey

__all__ = ["get_magnitudes", "read_labelled_results"]

_LABEL: Final = "label"
"""Column of the true classes."""


def read_labelled_results(
    source: Any, spec: ModelSpec, model: str, *, with_magnitudes: bool
) -> tuple[CalibrationObjects, str]:
    """Read objects whose class is known, and that the model has classified.

    Parameters
    ----------
    source
        Table that `skyclass.classify` returned, or its file, with a column `label` of true classes
        (one of the user's own columns, which a table of positions keeps). Rows without a label
        (missing or empty) or without probabilities are left out. A `DataFrame` and a ``.csv`` do
        not say which model classified them, nor for which prior: that is for the caller to know.
    spec
        The model.
    model
        Its name, folder or address.
    with_magnitudes
        Whether magnitudes are needed, as for samples; they are NaN otherwise.

    Returns
    -------
    calibration : CalibrationObjects
        Without measurement.
    population : str
        What they are.

    Raises
    ------
    InferenceError
        If columns are missing, a label is no class of the model, the table was classified for a
        prior or by another model, or no row is left.
    """
    table, metadata = source, None
    if not isinstance(source, pd.DataFrame):
        table, metadata = read_result(source)
    name = "the table" if table is source else os.fspath(source)
    if metadata is not None:
        _check_origin(metadata, name, model)
    columns = [f"p_{label}" for label in spec.labels]
    missing = [column for column in (_LABEL, *columns) if column not in table]
    if missing:
        raise InferenceError(
            f"calibrate: {name} has no column {missing[0]}; classify a table with a column label"
            " by the same model, and pass what comes out"
        )
    shares = table[columns].to_numpy(np.float64, na_value=np.nan)
    labelled = table[_LABEL].notna() & (table[_LABEL] != "")
    known = labelled.to_numpy(np.bool_) & np.isfinite(shares).all(axis=1)
    label = table.loc[known, _LABEL].astype(str)
    strange = sorted(set(label) - set(spec.labels))
    if strange or not len(label):
        reason = f"label {strange[0]!r} is no class of the model" if strange else "no labelled row"
        raise InferenceError(f"calibrate: {name}: {reason} (classes: {', '.join(spec.labels)})")
    magnitude = get_magnitudes(table, spec) if with_magnitudes else np.full(len(table), np.nan)
    calibration = CalibrationObjects(
        split=name,
        label=pd.Categorical(label, categories=list(spec.labels)).codes.astype(np.int64),
        probabilities=shares[known],
        magnitude=magnitude[known],
    )
    return calibration, f"{len(calibration)} labelled objects of {name}"


def _check_origin(metadata: TableMetadata, name: str, model: str) -> None:
    """Raise if a table was classified by another model, or for a prior."""
    # the same folder may be written in two ways
    if Path(metadata.model).resolve() != Path(model).resolve():
        raise InferenceError(
            f"calibrate: {name} was classified by the model {metadata.model}, not by {model};"
            " classify it again by this one"
        )
    if metadata.prior:
        raise InferenceError(
            f"calibrate: {name} was classified for a prior; classify it again without"
        )


def get_magnitudes(table: pd.DataFrame, spec: ModelSpec) -> NDArray[np.float64]:
    """Look up the magnitudes by which samples are selected.

    Parameters
    ----------
    table
        Classified objects, `n` rows.
    spec
        The model.

    Returns
    -------
    numpy.ndarray
        PSF magnitude in the detection band, or that of the aperture flux where nothing was
        measured, `[n]`.

    Raises
    ------
    InferenceError
        If the table has neither.
    """
    band = get_survey(spec.survey).detection_band
    if f"psf_mag_{band}" in table:
        return table[f"psf_mag_{band}"].to_numpy(np.float64, na_value=np.nan)
    if f"flux_{band}" not in table:
        raise InferenceError(f"the table has no column psf_mag_{band} or flux_{band}")
    return to_magnitude(table[f"flux_{band}"].to_numpy(np.float64, na_value=np.nan))
