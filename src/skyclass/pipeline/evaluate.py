"""Evaluate the model of a prepared experiment on its test objects, unless that is up to date."""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.catalog.cleaning_report import CleaningReport
from skyclass.catalog.match_objects import find_rows
from skyclass.catalog.split import group_objects
from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import CalibrationResult, evaluate_calibration
from skyclass.evaluation.conformal import ConformalResult, evaluate_conformal
from skyclass.evaluation.metrics import Ceiling, Metrics, ModelScores, read_metrics, write_metrics
from skyclass.evaluation.observing_conditions import choose_crowding_radius
from skyclass.evaluation.paired_difference import PairedDifference, compare_accuracies
from skyclass.evaluation.predictions import make_predictions, write_predictions
from skyclass.evaluation.scores import score
from skyclass.images.stored_cutouts import CutoutSplit, StoredCutouts, open_cutouts
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.prediction_sets import format_sets, make_prediction_sets
from skyclass.pipeline.colour_baselines import classify_by_colours
from skyclass.pipeline.estimate_ceiling import estimate_ceiling
from skyclass.pipeline.measure_cutouts import classify_cutouts
from skyclass.pipeline.observation_columns import make_observation_columns
from skyclass.pipeline.prepare import PreparedObjects
from skyclass.pipeline.prepared_experiment import PreparedExperiment
from skyclass.pipeline.train_model import train_measurement_model
from skyclass.progress import Progress, Stage
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["MEASUREMENT_ALONE", "Evaluation", "evaluate_model", "score_model"]

_PACKAGES: Final = ("astropy", "lightning", "numpy", "pyarrow", "scikit-learn", "torch")

_STAGE: Final = "evaluation"

MEASUREMENT_ALONE: Final = "measurement alone"
"""The same network without the picture: the difference to it is what the picture added."""


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
        there is no calibration split; `baselines` and `differences` hold the others by their names.
    """
    test = _TestObjects(prepared, classifier, open_cutouts(prepared.workspace.cutouts))
    table = test.make_table()
    return Evaluation(table, test.make_metrics(table))


@dataclass(frozen=True)
class _TestObjects:
    """The `n` test objects of an experiment and what its model makes of them."""

    prepared: PreparedExperiment
    classifier: Classifier
    cutouts: StoredCutouts

    @cached_property
    def split(self) -> CutoutSplit:
        """Their cutouts."""
        return self.cutouts["test"]

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Their rows in the catalogue, `[n]`."""
        return find_rows(self.split.objects(), self.prepared.objects.catalog.table)

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """Groups that the split kept whole, `[n]`; None if it split single objects."""
        config, objects = self.prepared.config, self.prepared.objects
        if config.split.by == "object":
            return None
        return group_objects(objects.catalog.table, config.split, objects.info.survey)[self.rows]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Class probabilities of the model, `[n, class]`."""
        return self._classify("test")

    @cached_property
    def sets(self) -> ConformalResult | None:
        """Prediction sets, fitted on the calibration split; None if there is none."""
        if self.prepared.config.split.calibration == 0:
            return None
        return evaluate_conformal(
            self.prepared.objects.info.labels,
            (self.cutouts["calibration"].label, self._classify("calibration")),
            self.split.label,
            self.probabilities,
            groups=self.groups,
            seed=self.prepared.config.seed,
        )

    def make_table(self) -> pd.DataFrame:
        """Make the table of predictions."""
        objects, info = self.prepared.objects.catalog.table, self.prepared.objects.info
        observed = objects.iloc[self.rows].reset_index(drop=True)
        columns = make_observation_columns(observed, self.split, info, self.prepared.objects.cache)
        missing = [pd.NA] * len(self.split)
        groups = missing if self.groups is None else self.groups
        columns["group"] = pd.array(groups, dtype="Int64")
        if self.sets is not None:
            columns["prediction_set"] = _format_sets(info.labels, self.probabilities, self.sets)
        return make_predictions(
            **{name: self.split.column(name) for name in (*IDS, *POSITION)},
            labels=info.labels,
            label=self.split.label,
            probabilities=self.probabilities,
            extra=columns,
        )

    def make_metrics(self, table: pd.DataFrame) -> Metrics:
        """Score the model and the baselines."""
        prepared, info = self.prepared, self.prepared.objects.info
        baselines = classify_by_colours(
            prepared.objects.catalog.table,
            prepared.task,
            info,
            self.cutouts["train"],
            self.split,
            prepared.config.seed,
            prepared.objects.cache,
        )
        alone = train_measurement_model(prepared)
        if alone is not None:
            baselines[MEASUREMENT_ALONE] = self._classify("test", alone)
        scores = {name: self._score(table, each) for name, each in baselines.items()}
        differences = {name: self._compare(each) for name, each in baselines.items()}
        # the first is the one that the model is compared with
        name = next(iter(baselines), "")
        packages = {name: version(name) for name in _PACKAGES}
        return Metrics(
            test=self._score(table, self.probabilities),
            baseline=scores.pop(name, None),
            baseline_name=name or None,
            baselines=scores,
            difference=differences.pop(name, None),
            differences=differences,
            ceiling=self._estimate_ceiling(table),
            calibration=self._calibrate(),
            conformal=self.sets,
            crowding_radius=choose_crowding_radius(info.size, get_survey(info.survey).pixel_scale),
            task=prepared.task.name,
            ordered=prepared.task.ordered,
            image_type=prepared.config.images.type,
            model=prepared.config.model.name,
            registration=self.classifier.spec.registration,
            simulated=info.simulated,
            catalog=_report_dropped(prepared.objects),
            versions={"skyclass": __version__, **packages},
        )

    def _estimate_ceiling(self, table: pd.DataFrame) -> Ceiling | None:
        """Estimate what any classifier can reach on simulated objects."""
        prepared, objects = self.prepared, self.prepared.objects
        estimate = estimate_ceiling(
            prepared.config,
            prepared.task,
            objects.info.labels,
            self.cutouts["train"].label,
            objects.catalog.table.iloc[self.rows],
            objects.cache,
        )
        if estimate is None or not objects.info.simulated:
            return None
        half = estimate.half.argmax(axis=1) == self.split.label
        return Ceiling(
            scores=self._score(table, estimate.whole),
            draws=estimate.draws,
            accuracy_half=float(half.mean()),
            difference=self._compare(estimate.whole),
            sky=estimate.settings.sky,
            wrong_labels=estimate.wrong_labels,
        )

    def _classify(self, split: str, classifier: Classifier | None = None) -> NDArray[np.float64]:
        """Compute the class probabilities of a split, by the experiment's own model or another."""
        classifier = classifier or self.classifier
        spec, folder = classifier.spec, self.prepared.workspace.cutouts
        columns = read_columns(spec.columns, folder, split)
        measured = read_measured_inputs(spec, folder, split)
        return classify_cutouts(classifier, self.cutouts[split], columns, measured)

    def _score(self, table: pd.DataFrame, probabilities: NDArray[np.float64]) -> ModelScores:
        """Score probabilities of all objects, and of those observed alike."""
        predicted = self.prepared.objects.info.labels, self.split.label, probabilities
        ordered, seed = self.prepared.task.ordered, self.prepared.config.seed
        whole = score(*predicted, ordered=ordered, groups=self.groups, seed=seed)
        by = score_by_condition(table, *predicted, ordered=ordered, groups=self.groups, seed=seed)
        return ModelScores(**dict(whole), by=by)

    def _compare(self, baseline: NDArray[np.float64]) -> PairedDifference:
        """Compare the accuracies of model and baseline."""
        return compare_accuracies(
            self.split.label,
            self.probabilities.argmax(axis=1),
            baseline.argmax(axis=1),
            groups=self.groups,
            seed=self.prepared.config.seed,
        )

    def _calibrate(self) -> CalibrationResult:
        """Evaluate the probabilities before and after temperature scaling."""
        return evaluate_calibration(
            self.prepared.objects.info.labels,
            self.split.label,
            self.probabilities,
            temperature=self.classifier.temperature,
            fitted_on=self.classifier.spec.temperature_from,
            groups=self.groups,
            seed=self.prepared.config.seed,
        )


def _format_sets(
    labels: tuple[str, ...], probabilities: NDArray[np.float64], sets: ConformalResult
) -> "pd.Series[str]":
    """Name the classes in each object's marginal prediction set, the most probable first."""
    thresholds = (sets.marginal.thresholds[name] for name in labels)
    contained = make_prediction_sets(
        probabilities, np.array([np.inf if limit is None else limit for limit in thresholds])
    )
    return pd.Series(format_sets(labels, probabilities, contained), dtype="string")


def _report_dropped(objects: PreparedObjects) -> CleaningReport:
    """Add the objects that were left out after cleaning to the cleaning report."""
    report, info = objects.catalog.report, objects.info
    dropped = {
        **report.dropped,
        "not in the sample": report.sampled_from - report.rows_out,
        "off its frame": info.off_frame,
        "its field lacks a band": info.missing,
    }
    return report.model_copy(update={"dropped": dropped})
