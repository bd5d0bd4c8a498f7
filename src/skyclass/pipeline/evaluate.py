"""Evaluate the model of a prepared experiment on its test objects, unless that is up to date."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.catalog.match_objects import find_rows
from skyclass.catalog.split import group_objects
from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import CalibrationResult, evaluate_calibration
from skyclass.evaluation.conformal import (
    ConformalResult,
    evaluate_conformal,
    make_prediction_sets,
)
from skyclass.evaluation.metrics import Metrics, ModelScores, read_metrics, write_metrics
from skyclass.evaluation.observing_conditions import choose_crowding_radius
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import make_predictions, write_predictions
from skyclass.evaluation.scores import score
from skyclass.images.stored_cutouts import CutoutSplit, StoredCutouts, open_cutouts
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.pipeline.colour_baselines import BASELINE, classify_by_colours
from skyclass.pipeline.measure_cutouts import classify_cutouts
from skyclass.pipeline.observation_columns import make_observation_columns
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.progress import Progress, Stage
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["Evaluation", "evaluate_model", "score_model"]

_PACKAGES: Final = ("astropy", "datasets", "lightning", "numpy", "scikit-learn", "torch")

_STAGE: Final = "evaluation"


@dataclass(frozen=True)
class Evaluation:
    """Predictions and scores of a trained model on the test objects."""

    table: pd.DataFrame
    """Predictions, as `skyclass.evaluation.predictions.make_predictions` returns them."""
    metrics: Metrics
    """Scores of the model and of the baselines."""


def evaluate_model(
    prepared: PreparedExperiment, classifier: Classifier, progress: Progress
) -> Metrics:
    """Score the model of an experiment and write the results, or read them if up to date.

    Parameters
    ----------
    prepared
        Experiment.
    classifier
        Its trained model.
    progress
        Called with the stage, 0 or 1 done of 1.

    Returns
    -------
    Metrics
        Contents of `metrics.json`.
    """
    workspace, mark = prepared.workspace, prepared.evaluation_mark
    files = (workspace.metrics, workspace.predictions)
    if all(file.exists() for file in files) and workspace.is_done(_STAGE, mark):
        return read_metrics(workspace.metrics)
    progress(Stage.EVALUATION, 0, 1)
    evaluation = score_model(prepared, classifier)
    write_predictions(evaluation.table, workspace.predictions)
    write_metrics(evaluation.metrics, workspace.metrics)
    workspace.mark_done(_STAGE, mark)
    progress(Stage.EVALUATION, 1, 1)
    return evaluation.metrics


def score_model(prepared: PreparedExperiment, classifier: Classifier) -> Evaluation:
    """Classify the test objects once, and score the model and the baselines.

    Prediction sets are fitted on the calibration split, if the experiment has one.

    Parameters
    ----------
    prepared
        Experiment.
    classifier
        Its trained model.

    Returns
    -------
    Evaluation
        `baseline` and `difference` of the metrics are None if there are no colours, `conformal` if
        there is no calibration split; `baselines` holds the others by their names.
    """
    config, info, catalog = prepared.config, prepared.objects.info, prepared.objects.catalog.table
    cutouts = open_cutouts(prepared.workspace.cutouts)
    test = cutouts["test"]
    rows = find_rows(test.objects(), catalog)
    groups = None
    if config.split.by != "object":
        groups = group_objects(catalog, config.split, info.survey)[rows]
    scoring = _Scoring(info.labels, test.label, prepared.task.ordered, groups, config.seed)
    probabilities = _classify_split(prepared, classifier, test, "test")
    sets = _fit_sets(prepared, classifier, cutouts, scoring, probabilities)
    columns = make_observation_columns(catalog.iloc[rows].reset_index(drop=True), test, info)
    columns["group"] = pd.array([pd.NA] * len(test) if groups is None else groups, dtype="Int64")
    if sets is not None:
        columns["prediction_set"] = _format_sets(info.labels, probabilities, sets)
    table = make_predictions(
        **{name: test.column(name) for name in (*IDS, *POSITION)},
        labels=info.labels,
        label=test.label,
        probabilities=probabilities,
        extra=columns,
    )
    baselines = classify_by_colours(
        catalog, prepared.task, info, cutouts["train"], test, config.seed
    )
    metrics = Metrics(
        **scoring.compare(table, probabilities, baselines),
        calibration=scoring.calibrate(probabilities, classifier),
        conformal=sets,
        **_describe(prepared, classifier),
    )
    return Evaluation(table, metrics)


@dataclass(frozen=True)
class _Scoring:
    """True classes of the test objects, for any predictions of them."""

    labels: tuple[str, ...]
    label: NDArray[np.int64]
    ordered: bool
    groups: NDArray[np.int64] | None
    seed: int

    def score(self, table: pd.DataFrame, probabilities: NDArray[np.float64]) -> ModelScores:
        """Score probabilities, also by the conditions in a table of the objects."""
        options: dict[str, Any] = {
            "ordered": self.ordered,
            "groups": self.groups,
            "seed": self.seed,
        }
        whole = score(self.labels, self.label, probabilities, **options)
        by = score_by_condition(table, self.labels, self.label, probabilities, **options)
        return ModelScores(**dict(whole), by=by)

    def compare(
        self,
        table: pd.DataFrame,
        probabilities: NDArray[np.float64],
        baselines: dict[str, NDArray[np.float64]],
    ) -> dict[str, Any]:
        """Score the model and the baselines, and their difference."""
        scores = {name: self.score(table, each) for name, each in baselines.items()}
        difference = None
        if BASELINE in baselines:
            predicted = probabilities.argmax(axis=1), baselines[BASELINE].argmax(axis=1)
            difference = compare_accuracies(
                self.label, *predicted, groups=self.groups, seed=self.seed
            )
        return {
            "test": self.score(table, probabilities),
            "baseline": scores.pop(BASELINE, None),
            "baselines": scores,
            "difference": difference,
        }

    def calibrate(
        self, probabilities: NDArray[np.float64], classifier: Classifier
    ) -> CalibrationResult:
        """Evaluate the calibration of probabilities before and after temperature scaling."""
        return evaluate_calibration(
            self.labels,
            self.label,
            probabilities,
            temperature=classifier.temperature,
            fitted_on=classifier.spec.temperature_from,
            groups=self.groups,
            seed=self.seed,
        )


def _classify_split(
    prepared: PreparedExperiment, classifier: Classifier, cutouts: CutoutSplit, split: str
) -> NDArray[np.float64]:
    """Compute the class probabilities of a split."""
    columns = read_columns(classifier.spec.columns, prepared.workspace.cutouts, split)
    return classify_cutouts(classifier, cutouts, columns)


def _fit_sets(
    prepared: PreparedExperiment,
    classifier: Classifier,
    cutouts: StoredCutouts,
    scoring: _Scoring,
    probabilities: NDArray[np.float64],
) -> ConformalResult | None:
    """Fit prediction sets on the calibration split; None if there is none."""
    if prepared.config.split.calibration == 0:
        return None
    held_out = cutouts["calibration"]
    fitted_on = (
        held_out.label,
        _classify_split(prepared, classifier, held_out, "calibration"),
    )
    return evaluate_conformal(
        scoring.labels,
        fitted_on,
        scoring.label,
        probabilities,
        groups=scoring.groups,
        seed=scoring.seed,
    )


def _format_sets(
    labels: tuple[str, ...], probabilities: NDArray[np.float64], sets: ConformalResult
) -> "pd.Series[str]":
    """Name the classes in each object's marginal prediction set, the most probable first."""
    thresholds = (sets.marginal.thresholds[name] for name in labels)
    contained = make_prediction_sets(
        probabilities, np.array([np.inf if limit is None else limit for limit in thresholds])
    )
    order = np.argsort(-probabilities, axis=1, kind="stable")
    names = [
        "|".join(labels[k] for k in likely if inside[k])
        for likely, inside in zip(order, contained, strict=True)
    ]
    return pd.Series(names, dtype="string")


def _describe(prepared: PreparedExperiment, classifier: Classifier) -> dict[str, Any]:
    """Describe the experiment: task, model, objects, versions."""
    info, task, config = prepared.objects.info, prepared.task, prepared.config
    report = prepared.objects.catalog.report
    dropped = {
        **report.dropped,
        "not in the sample": report.sampled_from - report.rows_out,
        "off its frame": info.off_frame,
        "its field lacks a band": info.missing,
    }
    scale = get_survey(info.survey).pixel_scale
    return {
        "crowding_radius": choose_crowding_radius(info.size, scale),
        "task": task.name,
        "ordered": task.ordered,
        "image_type": config.images.type,
        "model": config.model.name,
        "registration": classifier.spec.registration,
        "simulated": info.simulated,
        "catalog": report.model_copy(update={"dropped": dropped}),
        "versions": {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}},
    }
