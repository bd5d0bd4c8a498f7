"""Classify cutouts that were made before: arrays, or stored ones."""

import logging
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.images.cutout import Cutouts, subtract_background
from skyclass.inference.classify_cutouts import classify_cutouts
from skyclass.inference.read_cutouts import CutoutBatch
from skyclass.measurement.centring import find_off_centre
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor
from skyclass.progress import Progress, Stage
from skyclass.surveys.registry import get_survey

__all__ = ["classify_batches"]

_FARTHEST: Final = 3.0
"""Pixels within which an object must show in its cutout."""

_log = logging.getLogger(__name__)


def classify_batches(
    batches: Iterable[CutoutBatch], classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Classify cutouts batch by batch.

    Parameters
    ----------
    batches
        Cutouts of the size and survey of the model.
    classifier
        Trained model.
    progress
        Called with the stage, cutouts done, and 0 as their number is not known before the last.

    Returns
    -------
    pandas.DataFrame
        What is known of each object, and the columns of
        `skyclass.inference.classify_cutouts.classify_cutouts`. Where they were not measured when
        they were cut, objects are measured on their cutouts.
    """
    tables: list[pd.DataFrame] = []
    off: list[NDArray[np.bool_]] = []
    done = 0
    for batch in batches:
        cutouts = _prepare(batch, classifier.spec)
        off.append(_find_off_centre(cutouts, classifier.spec))
        answers = classify_cutouts(cutouts, classifier, batch.objects)
        tables.append(pd.concat([batch.objects, answers], axis=1))
        done += len(batch.arrays)
        progress(Stage.CUTOUTS, done, 0)
    _warn_off_centre(np.concatenate(off))
    return pd.concat(tables, ignore_index=True)


def _prepare(batch: CutoutBatch, spec: ModelSpec) -> Cutouts:
    """Bring cutouts into the form of those that are cut out of frames, and measure them."""
    arrays, rules, survey = batch.arrays, spec.cutting_rules, get_survey(spec.survey)
    flux, measurement = arrays.flux, batch.measurement
    if rules.background == "local" and measurement is None:
        flux = subtract_background(flux, arrays.mask)
    if rules.measure != "off" and measurement is None:
        measurement = measure_cutouts(flux, arrays.offset, survey, mask=arrays.mask)
    count, step = len(arrays), survey.pixel_scale / 3600
    # north up, as nothing else is known
    cd = np.broadcast_to(np.array([[-step, 0.0], [0.0, step]]), (count, 2, 2))
    return Cutouts(flux, arrays.mask, arrays.offset, np.ones(count, np.bool_), cd, measurement)


def _find_off_centre(cutouts: Cutouts, spec: ModelSpec) -> NDArray[np.bool_]:
    """Tell which cutouts do not show their object where it should be, in the detection band."""
    band = spec.bands.index(get_survey(spec.survey).detection_band)
    return find_off_centre(cutouts.flux[:, band], cutouts.offset[:, band], _FARTHEST)


def _warn_off_centre(off: NDArray[np.bool_]) -> None:
    """Log how many objects are not where they should be."""
    if off.any():
        _log.warning(
            "%d of %d cutouts show sources, but none within %g pixels of where their object should"
            " be (the first: row %d); centre them, or state the offset",
            *(off.sum(), len(off), _FARTHEST, int(off.argmax())),
        )
