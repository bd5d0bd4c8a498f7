"""Read objects whose class is known, and that were classified, as calibration objects."""

import os
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.inference.read_result import read_result
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.model_spec import ModelSpec
from skyclass.photometry import to_magnitude
from skyclass.surveys.registry import get_survey

__all__ = ["get_magnitudes", "read_labelled_results"]

_LABEL: Final = "label"
"""Column of the true classes."""


def read_labelled_results(source: Any, spec: ModelSpec) -> tuple[CalibrationObjects, str]:
    """Read objects whose class is known, and that the model has classified.

    Parameters
    ----------
    source
        Table that `skyclass.classify` returned, or its file, with a column `label` of true classes
        (one of the user's own columns, which a table of positions keeps). Rows without a label or
        without probabilities are left out.
    spec
        The model.

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
        prior, or no row is left.
    """
    table, prior = source, None
    if not isinstance(source, pd.DataFrame):
        table, metadata = read_result(source)
        prior = None if metadata is None else metadata.prior
    name = "the table" if table is source else os.fspath(source)
    if prior:
        raise InferenceError(
            f"calibrate: {name} was classified for a prior; classify it again without"
        )
    columns = [f"p_{label}" for label in spec.labels]
    missing = [column for column in (_LABEL, *columns) if column not in table]
    if missing:
        raise InferenceError(
            f"calibrate: {name} has no column {missing[0]}; classify a table with a column label"
            " by the same model, and pass what comes out"
        )
    shares = table[columns].to_numpy(np.float64, na_value=np.nan)
    known = table[_LABEL].notna().to_numpy() & np.isfinite(shares).all(axis=1)
    label = table.loc[known, _LABEL].astype(str)
    strange = sorted(set(label) - set(spec.labels))
    if strange or not len(label):
        reason = f"label {strange[0]!r} is no class of the model" if strange else "no labelled row"
        raise InferenceError(f"calibrate: {name}: {reason} (classes: {', '.join(spec.labels)})")
    calibration = CalibrationObjects(
        split=name,
        label=pd.Categorical(label, categories=list(spec.labels)).codes.astype(np.int64),
        probabilities=shares[known],
        magnitude=get_magnitudes(table, spec)[known],
    )
    return calibration, f"{len(calibration)} labelled objects of {name}"


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
