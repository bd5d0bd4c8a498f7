"""Turn cutouts into the columns of the answer: the one way from pixels to classes."""

from functools import lru_cache

import pandas as pd

from skyclass.images.cutout import Cutouts
from skyclass.inference.result_columns import (
    make_class_columns,
    make_flag_columns,
    make_magnitude_columns,
)
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.catalog_columns import measure_columns, select_columns
from skyclass.models.measured_inputs import make_measured_inputs, select_extinction
from skyclass.models.ood_score import OodScore
from skyclass.models.predictor import Predictor
from skyclass.surveys.registry import get_survey

__all__ = ["classify_cutouts", "list_answer_columns"]


def classify_cutouts(
    cutouts: Cutouts, classifier: Predictor, objects: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Classify cutouts, wherever they come from.

    Parameters
    ----------
    cutouts
        Of `n` objects that lie on their frame, cut and measured by the rules of the model.
    classifier
        Trained model.
    objects
        What a table states of them, `n` rows: magnitudes and extinction that the model uses.

    Returns
    -------
    pandas.DataFrame
        `psf_mag_<band>`, `psf_mag_err_<band>`, `flux_<band>` (aperture of 3.96 arcsec,
        nanomaggies), `flags` (what is wrong with the measurement, and in which bands), `flag_bits`,
        `class`, `probability`, `p_<class>`, `ood` and `class_origin`, `n` rows. Magnitudes and
        flags are absent where the model's cutting rules measure nothing, `ood` also where the model
        was saved without calibration objects.

    Raises
    ------
    ModelError
        If the model needs columns that neither `objects` nor fluxes provide.
    """
    spec = classifier.spec
    survey = get_survey(spec.survey)
    fluxes = aperture_flux(cutouts.flux, cutouts.offset, pixel_scale=survey.pixel_scale)
    parts = [pd.DataFrame(fluxes, columns=[f"flux_{band}" for band in survey.band_names])]
    known = extinction = measured = None
    if objects is not None:
        known = select_columns(spec.columns, objects, survey.band_names)
        extinction = select_extinction(objects, survey.band_names)
    columns = measure_columns(spec.columns, fluxes, known)
    if cutouts.measurement is not None:
        measured = make_measured_inputs(cutouts.measurement, spec, extinction)
        parts.insert(0, make_magnitude_columns(cutouts.measurement, survey.band_names))
        parts.append(make_flag_columns(cutouts.measurement, survey.band_names))
    probabilities = classifier.probabilities(
        cutouts.flux, cutouts.offset, columns=columns, measured=measured
    )
    classes = make_class_columns(probabilities, spec.labels)
    score = _fit_ood_score(classifier.calibration, survey.band_names.index(survey.detection_band))
    if score is not None and cutouts.measurement is not None:
        classes.insert(len(classes.columns) - 1, "ood", score.compute(cutouts.measurement))
    return pd.concat([*parts, classes], axis=1)


@lru_cache(maxsize=1)
def _fit_ood_score(calibration: CalibrationObjects | None, band: int) -> OodScore | None:
    """Fit the score of how strange objects are; None where it was not stored what it needs."""
    if calibration is None or calibration.training is None:
        return None
    # measured together, or not at all
    assert calibration.training_label is not None
    assert calibration.measured is not None
    training, label = calibration.training, calibration.training_label
    return OodScore(training, label, calibration.measured, band=band)


def list_answer_columns(classifier: Predictor) -> list[str]:
    """List the columns that `classify_cutouts` returns.

    Parameters
    ----------
    classifier
        Trained model.

    Returns
    -------
    list of str
        Their names.
    """
    spec, calibration = classifier.spec, classifier.calibration
    bands = get_survey(spec.survey).band_names
    measured = spec.cutting_rules.measure != "off"
    quantities = (*(("psf_mag", "psf_mag_err") if measured else ()), "flux")
    names = [f"{quantity}_{band}" for quantity in quantities for band in bands]
    names += ["flags", "flag_bits"] if measured else []
    classes = [f"p_{label}" for label in spec.labels]
    scored = measured and calibration is not None and calibration.training is not None
    ood = ["ood"] if scored else []
    return [*names, "class", "probability", *classes, *ood, "class_origin"]
