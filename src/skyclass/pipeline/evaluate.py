"""What an experiment says of its test objects: the model's answers, the baseline's, the metrics."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.match_objects import find_rows
from skyclass.catalog.split import group_objects
from skyclass.config.sections import Experiment
from skyclass.evaluation.binned_scores import CONDITIONS, score_by_condition
from skyclass.evaluation.calibration import evaluate_calibration
from skyclass.evaluation.conformal import (
    ConformalResult,
    evaluate_conformal,
    make_prediction_sets,
)
from skyclass.evaluation.metrics import Metrics, ModelScores
from skyclass.evaluation.observing_conditions import choose_crowding_radius, measure_conditions
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import make_predictions
from skyclass.evaluation.scores import score
from skyclass.images.image_type import COLOURS
from skyclass.images.stored_cutouts import CutoutInfo, CutoutSplit, open_cutouts
from skyclass.measurement.aperture_photometry import aperture_flux, concentration
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.colour_baseline import (
    compute_concentration,
    get_catalog_magnitudes,
    make_baseline_features,
    predict_by_colour,
)
from skyclass.models.nearest_neighbours_baseline import predict_by_neighbours
from skyclass.photometry import to_magnitude
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.task import Task

__all__ = ["BASELINE", "Evaluation", "classify_by_colours", "classify_cutouts", "evaluate"]

BASELINE: Final = "gradient boosting"
"""The baseline that the model is compared with."""
_PACKAGES: Final = ("astropy", "datasets", "lightning", "numpy", "scikit-learn", "torch")
_PIXELS: Final = 512 * 5 * 64**2
"""Pixels read at once: those of 512 cutouts of frames of the usual size."""


@dataclass(frozen=True)
class Evaluation:
    """What a trained model comes to on the test objects."""

    table: pd.DataFrame
    """As `skyclass.evaluation.predictions.predictions_table` makes it."""
    metrics: Metrics
    """What is written to `metrics.json`."""


def evaluate(
    config: Experiment,
    task: Task,
    catalog: Catalog,
    info: CutoutInfo,
    classifier: Classifier,
    cutouts: Path,
) -> Evaluation:
    """Classify the test objects, once, and score the model and the baselines.

    Parameters
    ----------
    config, task, catalog, info
        The experiment, its objects and its cutouts.
    classifier
        The trained model.
    cutouts
        Folder of the cutouts. Prediction sets are fitted on its calibration split, and only where
        there is one.

    Returns
    -------
    Evaluation
        `baseline` and `difference` of the metrics are None where there are no colours, `conformal`
        where there is no calibration split; `baselines` holds the others by their names.
    """
    test = open_cutouts(cutouts)["test"]
    rows = find_rows(test.objects(), catalog.table)
    objects = catalog.table.iloc[rows].reset_index(drop=True)
    by_group = config.split.by != "object"
    group = group_objects(catalog.table, config.split, info.survey)[rows] if by_group else None
    groups = classifier.spec.columns
    shares = classify_cutouts(classifier, test, read_columns(groups, cutouts, "test"))
    baselines = classify_by_colours(
        catalog.table, task, info, open_cutouts(cutouts)["train"], test, config.seed
    )
    baseline = baselines.get(BASELINE)
    columns = _conditions(objects, test, info)
    columns["group"] = pd.array([pd.NA] * len(test) if group is None else group, dtype="Int64")
    scoring = _Scoring(info.labels, test.label, task.ordered, group, config.seed)
    sets = _conformal(config, classifier, cutouts, scoring, shares)
    if sets is not None:
        columns["prediction_set"] = _set_names(info.labels, shares, sets)
    identity = {name: test.column(name) for name in (*IDS, *POSITION)}
    table = make_predictions(
        **identity, labels=info.labels, label=test.label, probabilities=shares, extra=columns
    )
    scored = {name: scoring.scores(table, each) for name, each in baselines.items()}
    metrics = Metrics(
        test=scoring.scores(table, shares),
        baseline=scored.pop(BASELINE, None),
        baselines=scored,
        difference=None
        if baseline is None
        else compare_accuracies(
            test.label, shares.argmax(1), baseline.argmax(1), groups=group, seed=config.seed
        ),
        calibration=evaluate_calibration(
            info.labels,
            test.label,
            shares,
            temperature=classifier.temperature,
            fitted_on=classifier.spec.temperature_from,
            groups=group,
            seed=config.seed,
        ),
        conformal=sets,
        crowding_radius=choose_crowding_radius(info.size, get_survey(info.survey).pixel_scale),
        **_told(config, task, catalog, info, classifier),
    )
    return Evaluation(table, metrics)


@dataclass(frozen=True)
class _Scoring:
    """The test objects, whatever is predicted for them."""

    labels: tuple[str, ...]
    label: NDArray[np.int64]
    ordered: bool
    groups: NDArray[np.int64] | None
    seed: int

    def scores(self, table: pd.DataFrame, shares: NDArray[np.float64]) -> ModelScores:
        """Score probabilities, also by the conditions in a table of the objects."""
        options: dict[str, Any] = {
            "ordered": self.ordered,
            "groups": self.groups,
            "seed": self.seed,
        }
        whole = score(self.labels, self.label, shares, **options)
        by = score_by_condition(table, self.labels, self.label, shares, **options)
        return ModelScores(**dict(whole), by=by)


def _conformal(
    config: Experiment,
    classifier: Classifier,
    cutouts: Path,
    scoring: _Scoring,
    shares: NDArray[np.float64],
) -> ConformalResult | None:
    """Fit prediction sets on the calibration split; None where there is none."""
    if config.split.calibration == 0:
        return None
    held = open_cutouts(cutouts)["calibration"]
    columns = read_columns(classifier.spec.columns, cutouts, "calibration")
    fitted_on = held.label, classify_cutouts(classifier, held, columns)
    return evaluate_conformal(
        scoring.labels,
        fitted_on,
        scoring.label,
        shares,
        groups=scoring.groups,
        seed=scoring.seed,
    )


def _set_names(
    labels: tuple[str, ...], shares: NDArray[np.float64], sets: ConformalResult
) -> "pd.Series[str]":
    """Name the classes in each object's marginal prediction set, the most probable first."""
    thresholds = (sets.marginal.thresholds[name] for name in labels)
    held = make_prediction_sets(
        shares, np.array([np.inf if limit is None else limit for limit in thresholds])
    )
    order = np.argsort(-shares, axis=1, kind="stable")
    names = [
        "|".join(labels[k] for k in likely if inside[k])
        for likely, inside in zip(order, held, strict=True)
    ]
    return pd.Series(names, dtype="string")


def classify_cutouts(
    classifier: Classifier, cutouts: CutoutSplit, columns: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Classify a split batch by batch.

    Parameters
    ----------
    classifier
        A trained model.
    cutouts
        Split of `n` objects.
    columns
        Of the catalogue, `[n, column]`, for a model that has any.

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`.
    """
    offsets = cutouts.offsets()
    parts = [
        classifier.probabilities(
            cutouts.take(rows), offsets[rows], columns=None if columns is None else columns[rows]
        )
        for rows in _batches(cutouts)
    ]
    return np.concatenate(parts)


def classify_by_colours(
    catalog: pd.DataFrame,
    task: Task,
    info: CutoutInfo,
    training: CutoutSplit,
    test: CutoutSplit,
    seed: int,
) -> dict[str, NDArray[np.float64]]:
    """Classify the test objects by their colours.

    Parameters
    ----------
    catalog
        With the objects of both splits. What it lacks of magnitudes is measured on cutouts of
        frames; ready-made pictures hold no measurement.
    task
        Says whether the shape of objects counts.
    info
        What the cutouts are.
    training, test
        Splits.
    seed
        Seed of the baseline.

    Returns
    -------
    dict
        Probabilities, `[n, class]`, of gradient boosting (`BASELINE`) and of the nearest
        neighbours (`k-nn`); empty where there are no colours at all.
    """
    survey = get_survey(info.survey)
    magnitudes = get_catalog_magnitudes(catalog, survey.band_names)
    band = survey.band_names.index(survey.detection_band)
    shape = compute_concentration(catalog, survey.detection_band) if task.extended else None
    is_measured = info.bands != COLOURS
    if magnitudes is None and not is_measured:
        return {}
    features = []
    for cutouts in (training, test):
        rows = find_rows(cutouts.objects(), catalog)
        colours = magnitudes[rows] if magnitudes is not None else None
        if colours is None:
            colours = _measured_magnitudes(cutouts, survey)
        concentrated = None if shape is None else shape[rows]
        if task.extended and shape is None and is_measured:
            concentrated = _measured_concentration(cutouts, survey)
        features.append(make_baseline_features(colours, concentrated, band))
    given = features[0], training.label, features[1], info.labels
    return {
        BASELINE: predict_by_colour(*given, seed),
        "k-nn": predict_by_neighbours(*given),
    }


def _batches(cutouts: CutoutSplit) -> list[NDArray[np.int64]]:
    """Divide the rows of a split into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    size = max(1, _PIXELS // cutouts.pixels)
    return np.split(rows, rows[size::size])


def _measured_magnitudes(cutouts: CutoutSplit, survey: Survey) -> NDArray[np.float64]:
    """Measure magnitudes in an aperture; not a number where a flux is not positive."""
    offsets = cutouts.offsets()
    parts = [
        aperture_flux(cutouts.take(rows), offsets[rows], pixel_scale=survey.pixel_scale)
        for rows in _batches(cutouts)
    ]
    return to_magnitude(np.concatenate(parts))


def _measured_concentration(cutouts: CutoutSplit, survey: Survey) -> NDArray[np.float64]:
    """Measure how concentrated the light is."""
    offsets = cutouts.offsets()
    band = survey.band_names.index(survey.detection_band)
    parts = [
        concentration(cutouts.take(rows), offsets[rows], band, pixel_scale=survey.pixel_scale)
        for rows in _batches(cutouts)
    ]
    return np.concatenate(parts)


def _conditions(objects: pd.DataFrame, test: CutoutSplit, info: CutoutInfo) -> dict[str, Any]:
    """Give the columns on how the test objects were observed; `objects` are their rows."""
    survey = get_survey(info.survey)
    fields = _field_names(objects, survey)
    is_measured = info.bands != COLOURS
    magnitudes = get_catalog_magnitudes(objects, survey.band_names)
    if magnitudes is None and is_measured:
        magnitudes = _measured_magnitudes(test, survey)
    columns: dict[str, Any] = {"field": fields}
    unknown = np.full(len(test), np.nan)
    for number, band in enumerate(survey.band_names):
        columns[f"magnitude_{band}"] = unknown if magnitudes is None else magnitudes[:, number]
    columns |= dict.fromkeys([name for name in CONDITIONS if name not in columns], unknown)
    if is_measured:
        detection = info.bands.index(survey.detection_band)
        columns |= measure_conditions(test, fields, detection, survey.pixel_scale)
    return columns


def _field_names(objects: pd.DataFrame, survey: Survey) -> "pd.Series[str]":
    """Name each object's unit of files (rerun-run-camcol-field of SDSS); missing if not known."""
    if not (survey.key and set(survey.key) <= set(objects.columns)):
        return pd.Series([pd.NA] * len(objects), dtype="string")
    keys = objects[list(survey.key)]
    known = keys.notna().all(axis=1)
    rows = keys[known].itertuples(index=False, name=None)
    names = [str(survey.name_unit(dict(zip(survey.key, row, strict=True)))) for row in rows]
    return pd.Series(names, index=keys.index[known], dtype="string").reindex(keys.index)


def _told(
    config: Experiment,
    task: Task,
    catalog: Catalog,
    info: CutoutInfo,
    classifier: Classifier,
) -> dict[str, Any]:
    """Say what was done, with what, on which objects."""
    report = catalog.report
    dropped = {
        **report.dropped,
        "not in the sample": report.sampled_from - report.rows_out,
        "off its frame": info.off_frame,
        "its field lacks a band": info.missing,
    }
    return {
        "task": task.name,
        "ordered": task.ordered,
        "image_type": config.images.type,
        "model": config.model.name,
        "registration": classifier.spec.registration,
        "simulated": info.simulated,
        "catalog": report.model_copy(update={"dropped": dropped}),
        "versions": {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}},
    }
