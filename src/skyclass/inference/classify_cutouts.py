"""Turn cutouts into the columns of the answer: the one way from pixels to classes."""

import pandas as pd

from skyclass.images.cutout import Cutouts
from skyclass.inference.source_table import format_flags, make_class_columns
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.models.catalog_columns import measure_columns, select_columns
from skyclass.models.measured_inputs import make_measured_inputs, select_extinction
from skyclass.models.model_spec import ModelSpec
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
        `flux_<band>` (aperture of 3.96 arcsec, nanomaggies), `flags` (what is wrong with the
        measurement, and in which bands; no such column where the model's cutting rules measure
        nothing), `class`, `probability` and `p_<class>`, `n` rows.

    Raises
    ------
    ModelError
        If the model needs columns that neither `objects` nor fluxes provide.
    """
    spec = classifier.spec
    survey = get_survey(spec.survey)
    fluxes = aperture_flux(cutouts.flux, cutouts.offset, pixel_scale=survey.pixel_scale)
    table = pd.DataFrame(fluxes, columns=[f"flux_{band}" for band in survey.band_names])
    known = extinction = measured = None
    if objects is not None:
        known = select_columns(spec.columns, objects, survey.band_names)
        extinction = select_extinction(objects, survey.band_names)
    columns = measure_columns(spec.columns, fluxes, known)
    if cutouts.measurement is not None:
        measured = make_measured_inputs(cutouts.measurement, spec, extinction)
        table["flags"] = format_flags(cutouts.measurement, survey.band_names)
    probabilities = classifier.probabilities(
        cutouts.flux, cutouts.offset, columns=columns, measured=measured
    )
    return pd.concat([table, make_class_columns(probabilities, spec.labels)], axis=1)


def list_answer_columns(spec: ModelSpec) -> list[str]:
    """List the columns that `classify_cutouts` returns.

    Parameters
    ----------
    spec
        Specification of the model.

    Returns
    -------
    list of str
        Their names.
    """
    fluxes = [f"flux_{band}" for band in get_survey(spec.survey).band_names]
    flags = [] if spec.cutting_rules.measure == "off" else ["flags"]
    return [*fluxes, *flags, "class", "probability", *(f"p_{label}" for label in spec.labels)]
