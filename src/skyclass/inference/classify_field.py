"""Detect and classify the sources of one field, or other unit of files."""

from pathlib import Path

import pandas as pd

from skyclass.errors import InferenceError
from skyclass.images.cut_field import cut_in_batches
from skyclass.inference.broken_neighbours import skip_broken_neighbours
from skyclass.inference.classify_cutouts import classify_cutouts
from skyclass.measurement.detect import detect
from skyclass.models.predictor import Predictor
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Unit

__all__ = ["classify_field"]


def classify_field(folder: Path, unit: Unit, classifier: Predictor) -> pd.DataFrame:
    """Detect and classify the sources of one field, or other unit of files.

    Parameters
    ----------
    folder
        Directory of its frames.
    unit
        Which unit of the model's survey.
    classifier
        Trained model.

    Returns
    -------
    pandas.DataFrame
        `ra`, `dec` (degrees), `x`, `y` (zero-based pixels of the frame in the survey's detection
        band), the unit's key (`rerun`, `run`, `camcol`, `field` for SDSS; `unit` for a survey
        without key columns), and the columns of
        `skyclass.inference.classify_cutouts.classify_cutouts`. Sources that leave the frame in a
        band are left out, and those that belong to another unit, so that none is counted twice.

    Raises
    ------
    InferenceError
        If the frame in the detection band is missing, and the model accepts missing bands.
    SurveyError
        If a frame is broken, or missing and the model does not accept that.
    """
    rules = classifier.spec.cutting_rules
    survey = skip_broken_neighbours(get_survey(classifier.spec.survey))
    frames = survey.open_unit(folder, unit, mask_missing=rules.missing_band == "mask")
    frame = frames[survey.band_names.index(survey.detection_band)]
    if not len(frame.data):
        raise InferenceError(
            f"{unit} has no {frame.band} frame, in which sources are detected: add it to {folder},"
            " or classify positions"
        )
    detected = sources = detect(frame)
    if survey.is_primary is not None:
        sources = sources[survey.is_primary(frame, sources)]
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    tables = []
    for rows, cutouts in cut_in_batches(
        frames, folder, unit, ra, dec, rules, survey, detected=detected
    ):
        table = sources[rows][cutouts.inside].reset_index(drop=True)
        table = table.assign(**dict(zip(survey.key or ("unit",), unit.key, strict=True)))
        answers = classify_cutouts(cutouts.take(cutouts.inside), classifier)
        tables.append(pd.concat([table, answers], axis=1))
    return pd.concat(tables, ignore_index=True)
