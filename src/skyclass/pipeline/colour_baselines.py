"""Baselines that classify the test objects of an experiment by their colours alone."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cache import Cache
from skyclass.catalog.magnitudes import get_catalog_magnitudes
from skyclass.catalog.match_objects import find_rows
from skyclass.images.stored_cutouts import CutoutInfo, CutoutSplit
from skyclass.models.colour_baseline import (
    compute_concentration,
    make_baseline_features,
    predict_by_colour,
)
from skyclass.models.nearest_neighbours_baseline import predict_by_neighbours
from skyclass.pipeline.measure_cutouts import measure_concentration, measure_magnitudes
from skyclass.schema import COLOURS
from skyclass.surveys.registry import get_survey
from skyclass.tasks.task import Task

__all__ = ["BASELINE", "classify_by_colours"]

BASELINE: Final = "gradient boosting"
"""The baseline that the model is compared with."""

_NEIGHBOURS: Final = "k-nn"


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
        Objects of both splits. Magnitudes that it lacks are measured on cutouts of frames;
        ready-made pictures hold no measurement.
    task
        Decides whether the shape of objects is used.
    info
        Description of the cutouts.
    training, test
        Splits.
    seed
        Seed of the baseline.
    cache
        Where measurements are kept for other experiments.

    Returns
    -------
    dict
        Probabilities, `[n, class]`, of gradient boosting (`BASELINE`) and of the nearest
        neighbours (`k-nn`); empty if there are no colours at all.
    """
    survey = get_survey(info.survey)
    magnitudes = get_catalog_magnitudes(catalog, survey.band_names)
    shape = compute_concentration(catalog, survey.detection_band) if task.extended else None
    is_measured = info.bands != COLOURS
    if magnitudes is None and not is_measured:
        return {}
    band = survey.band_names.index(survey.detection_band)
    features = []
    for cutouts in (training, test):
        rows = find_rows(cutouts.objects(), catalog)
        colours = (
            measure_magnitudes(cutouts, survey, cache) if magnitudes is None else magnitudes[rows]
        )
        concentrations = None if shape is None else shape[rows]
        if task.extended and shape is None and is_measured:
            concentrations = measure_concentration(cutouts, survey, cache)
        features.append(make_baseline_features(colours, concentrations, band))
    data = features[0], training.label, features[1], info.labels
    return {
        BASELINE: predict_by_colour(*data, seed),
        _NEIGHBOURS: predict_by_neighbours(*data),
    }
