"""Detect and classify the sources of many fields, or other units of files."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from skyclass.errors import InferenceError, MissingFrameError
from skyclass.inference.classify_field import classify_field
from skyclass.models.predictor import Predictor
from skyclass.progress import Progress, Stage
from skyclass.surveys.survey import Unit

__all__ = ["classify_units"]

_log = logging.getLogger(__name__)


def classify_units(
    units: Mapping[Unit, Path], classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Detect and classify the sources of many fields, or other units of files.

    Parameters
    ----------
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    classifier
        Trained model.
    progress
        Called with the stage, units done and units in all.

    Returns
    -------
    pandas.DataFrame
        One row per source, as `skyclass.inference.classify_field.classify_field` returns them.

    Raises
    ------
    InferenceError
        If no source is found.
    SurveyError
        If a frame is broken, or missing where the model's cutting rules refuse that.
    """
    tables = []
    for done, (unit, folder) in enumerate(units.items(), 1):
        try:
            tables.append(classify_field(folder, unit, classifier))
        except MissingFrameError as error:
            if classifier.spec.cutting_rules.missing_band != "drop":
                raise
            _log.warning("left out, as such fields were in training: %s", error)
        progress(Stage.FIELDS, done, len(units))
    if not tables:
        raise InferenceError("every field lacks a band, and the model was trained without such")
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InferenceError("the frames hold no source above the detection threshold")
    return table
