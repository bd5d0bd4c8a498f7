"""Keep with a trained model what it makes of objects that it was not trained on."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.images.stored_cutouts import CutoutSplit, StoredCutouts, open_cutouts
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.models.calibration_objects import (
    CALIBRATION_FILE,
    CalibrationObjects,
    write_calibration,
)
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.photometry import to_magnitude
from skyclass.pipeline.measure_cutouts import classify_cutouts
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.surveys.registry import get_survey

__all__ = ["add_calibration"]

_STAGE: Final = "calibration"

_TRAINING_OBJECTS: Final = 3000
"""Most training objects whose measurement is kept."""


def add_calibration(prepared: PreparedExperiment, classifier: Classifier) -> None:
    """Write the calibration objects of an experiment beside its model, unless they lie there.

    They are those of the calibration split, or of the validation split where there is none. A model
    of ready-made pictures gets none.

    Parameters
    ----------
    prepared
        Experiment.
    classifier
        Its trained model, as it lies in the experiment's folder; learns of them.
    """
    workspace, mark, spec = prepared.workspace, prepared.model_mark, classifier.spec
    if spec.bands != get_survey(spec.survey).band_names:
        return
    file = workspace.model / CALIBRATION_FILE
    if file.exists() and workspace.is_done(_STAGE, mark):
        return
    classifier.calibration = _gather(workspace.cutouts, classifier)
    write_calibration(classifier.calibration, workspace.model)
    workspace.mark_done(_STAGE, mark)


def _gather(folder: Path, classifier: Classifier) -> CalibrationObjects:
    """Classify the calibration objects, and gather what was measured of them."""
    stored, spec = open_cutouts(folder), classifier.spec
    name = "calibration" if "calibration" in stored else "validation"
    split, training = stored[name], _take_training_objects(stored)
    columns = read_columns(spec.columns, folder, name)
    measured = read_measured_inputs(spec, folder, name)
    measurement = stored["train"].measurement()
    return CalibrationObjects(
        split=name,
        label=split.label,
        probabilities=classify_cutouts(classifier, split, columns, measured),
        magnitude=_measure_magnitudes(split, spec),
        measured=split.measurement(),
        training=None if measurement is None else measurement.take(training),
        training_label=None if measurement is None else stored["train"].label[training],
    )


def _take_training_objects(stored: StoredCutouts) -> NDArray[np.int64]:
    """Choose training objects, in their order."""
    drawn = np.random.default_rng(0).permutation(len(stored["train"]))[:_TRAINING_OBJECTS]
    return np.sort(drawn)


def _measure_magnitudes(split: CutoutSplit, spec: ModelSpec) -> NDArray[np.float64]:
    """Compute magnitudes in the detection band: of PSF fluxes, else of aperture fluxes."""
    survey = get_survey(spec.survey)
    band = survey.band_names.index(survey.detection_band)
    measurement = split.measurement()
    if measurement is not None:
        return to_magnitude(measurement.psf_flux[:, band].astype(np.float64))
    fluxes = [
        aperture_flux(
            batch["flux"].astype(np.float32), batch["offset"], pixel_scale=survey.pixel_scale
        )
        for _, batch in split.read_batches(512, ("flux", "offset"))
    ]
    return to_magnitude(np.concatenate(fluxes)[:, band].astype(np.float64))
