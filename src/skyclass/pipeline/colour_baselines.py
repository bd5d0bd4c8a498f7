"""Baselines that classify the test objects of an experiment by their colours alone."""

import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cache import Cache
from skyclass.catalog.magnitudes import get_catalog_magnitudes
from skyclass.catalog.match_objects import find_rows
from skyclass.images.stored_cutouts import CutoutInfo, CutoutSplit
from skyclass.measurement.measurement import Measurement
from skyclass.models.colour_baseline import (
    compute_concentration,
    make_baseline_features,
    make_measured_features,
    predict_by_colour,
)
from skyclass.models.nearest_neighbours_baseline import predict_by_neighbours
from skyclass.pipeline.measure_cutouts import recall_measurement
from skyclass.schema import COLOURS
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.task import Task

__all__ = ["CATALOGUE", "MEASURED", "classify_by_colours"]

CATALOGUE: Final = "catalogue colours"
"""Gradient boosting on the colours of the catalogue."""

MEASURED: Final = "measured colours"
"""Gradient boosting on colours and signal-to-noise that were measured on the model's pixels."""

_NEIGHBOURS: Final = "k-nn"

_SOFTENING: Final = 1.042
"""Softening of asinh magnitudes in standard errors of a faint flux (Lupton, Gunn & Szalay 1999)."""

_Features = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of the training and of the test objects, `[n, feature]` each."""


def classify_by_colours(
    catalog: pd.DataFrame,
    task: Task,
    info: CutoutInfo,
    training: CutoutSplit,
    test: CutoutSplit,
    seed: int,
    cache: Cache,
) -> dict[str, NDArray[np.float64]]:
    """Classify the test objects by their colours.

    Parameters
    ----------
    catalog
        Objects of both splits.
    task
        Decides whether the shape of objects is used.
    info
        Description of the cutouts; those of frames hold a measurement, ready-made pictures none.
    training, test
        Splits.
    seed
        Seed of the baselines.
    cache
        Where measurements are kept for other experiments.

    Returns
    -------
    dict
        Probabilities, `[n, class]`, by name, the best-defined colours first: `CATALOGUE` where it
        has magnitudes, `MEASURED` where the pixels are those of frames, and the nearest neighbours
        in the first of these (`k-nn`); empty if there are no colours at all.
    """
    survey = get_survey(info.survey)
    splits = training, test
    measured = None
    if info.bands != COLOURS:
        measured = [recall_measurement(each, survey, cache) for each in splits]
    features = {
        CATALOGUE: _select_features(catalog, task, survey, splits, measured),
        MEASURED: None if measured is None else _measure_features(task, survey, *measured),
    }
    known = {name: each for name, each in features.items() if each is not None}
    results = {
        name: predict_by_colour(first, training.label, second, info.labels, seed)
        for name, (first, second) in known.items()
    }
    for first, second in list(known.values())[:1]:
        results[_NEIGHBOURS] = predict_by_neighbours(first, training.label, second, info.labels)
    return results


def _select_features(
    catalog: pd.DataFrame,
    task: Task,
    survey: Survey,
    splits: Sequence[CutoutSplit],
    measured: Sequence[Measurement] | None,
) -> _Features | None:
    """Select the catalogue's colours; a concentration that it lacks is the measured one."""
    magnitudes = get_catalog_magnitudes(catalog, survey.band_names)
    if magnitudes is None:
        return None
    band = survey.band_names.index(survey.detection_band)
    shape = compute_concentration(catalog, survey.detection_band) if task.extended else None
    features = []
    for number, cutouts in enumerate(splits):
        rows = find_rows(cutouts.objects(), catalog)
        concentrations = None if shape is None else shape[rows]
        if task.extended and shape is None and measured is not None:
            concentrations = measured[number].concentration[:, band].astype(np.float64)
        features.append(make_baseline_features(magnitudes[rows], concentrations, band))
    return features[0], features[1]


def _measure_features(
    task: Task, survey: Survey, training: Measurement, test: Measurement
) -> _Features:
    """Make features of what was measured, softened by the errors of the training objects."""
    band = survey.band_names.index(survey.detection_band)
    with warnings.catch_warnings():
        # a band without any pixels has no error
        warnings.simplefilter("ignore", RuntimeWarning)
        softening = _SOFTENING * np.nanmedian(training.psf_flux_err.astype(np.float64), axis=0)
    first, second = (
        make_measured_features(each, softening, band, extended=task.extended)
        for each in (training, test)
    )
    return first, second
