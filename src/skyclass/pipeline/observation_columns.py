"""Columns of the predictions that describe how the test objects were observed."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cache import Cache
from skyclass.catalog.magnitudes import get_catalog_magnitudes
from skyclass.evaluation.binned_scores import CONDITIONS
from skyclass.evaluation.observing_conditions import measure_conditions
from skyclass.images.stored_cutouts import CutoutInfo, CutoutSplit
from skyclass.photometry import to_magnitude
from skyclass.pipeline.measure_cutouts import recall_measurement
from skyclass.schema import COLOURS
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey

__all__ = ["make_observation_columns"]

Column = NDArray[np.float64] | pd.Series | pd.api.extensions.ExtensionArray


def make_observation_columns(
    objects: pd.DataFrame, test: CutoutSplit, info: CutoutInfo, cache: Cache
) -> dict[str, Column]:
    """Make the columns on field, magnitudes and observing conditions.

    Parameters
    ----------
    objects
        Rows of the catalogue, in the order of the split.
    test
        Split of `n` objects.
    info
        Description of the cutouts.
    cache
        Where measurements are kept for other experiments.

    Returns
    -------
    dict
        Columns of `n` values by their names; NaN or missing where a value is not known.
    """
    survey = get_survey(info.survey)
    fields = _name_fields(objects, survey)
    is_measured = info.bands != COLOURS
    magnitudes = get_catalog_magnitudes(objects, survey.band_names)
    if magnitudes is None and is_measured:
        magnitudes = to_magnitude(recall_measurement(test, survey, cache).psf_flux)
    columns: dict[str, Column] = {"field": fields}
    unknown = np.full(len(test), np.nan)
    for number, band in enumerate(survey.band_names):
        columns[f"magnitude_{band}"] = unknown if magnitudes is None else magnitudes[:, number]
    columns |= dict.fromkeys([name for name in CONDITIONS if name not in columns], unknown)
    if is_measured:
        detection = info.bands.index(survey.detection_band)
        columns |= measure_conditions(test, fields, detection, survey.pixel_scale)
    return columns


def _name_fields(objects: pd.DataFrame, survey: Survey) -> "pd.Series[str]":
    """Name each object's unit of files (rerun-run-camcol-field of SDSS); missing if not known."""
    if not (survey.key and set(survey.key) <= set(objects.columns)):
        return pd.Series([pd.NA] * len(objects), dtype="string")
    keys = objects[list(survey.key)]
    known = keys.notna().all(axis=1)
    rows = keys[known].itertuples(index=False, name=None)
    names = [str(survey.name_unit(dict(zip(survey.key, row, strict=True)))) for row in rows]
    return pd.Series(names, index=keys.index[known], dtype="string").reindex(keys.index)
