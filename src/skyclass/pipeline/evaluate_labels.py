"""Evaluate a saved model on labelled objects that it was not trained with."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.cache import locate_cache
from skyclass.catalog.cleaning_report import CleaningReport
from skyclass.claim import check_claim
from skyclass.errors import EvaluationError
from skyclass.evaluation.binned_scores import score_by_condition
from skyclass.evaluation.calibration import evaluate_calibration
from skyclass.evaluation.evaluation_record import EvaluationRecord, write_record
from skyclass.evaluation.group_scores import GroupScores, score_groups
from skyclass.evaluation.metrics import Metrics, ModelScores, write_metrics
from skyclass.evaluation.observing_conditions import choose_crowding_radius
from skyclass.evaluation.predictions import make_predictions, write_predictions
from skyclass.evaluation.report.page import write_report
from skyclass.evaluation.scores import score
from skyclass.files import AnyPath, link_folder, make_directory
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.models.catalog_columns import measure_columns, save_columns, select_columns
from skyclass.models.locate_model import locate_model
from skyclass.models.measured_inputs import (
    read_measured_inputs,
    save_extinction,
    select_extinction,
)
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.pipeline.experiment import ExperimentResult
from skyclass.pipeline.label_rows import check_group, is_ordered, number_rows_by_group
from skyclass.pipeline.labelled_data import LabelledData, plan_labelled
from skyclass.pipeline.measure_cutouts import classify_cutouts
from skyclass.pipeline.observation_columns import make_observation_columns
from skyclass.progress import Progress, Stage, no_progress
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey
from skyclass.workspace import COLUMNS_FOLDER, Workspace

__all__ = ["evaluate"]

_BATCH: Final = 256
"""Cutouts that are measured at once."""

_PACKAGES: Final = ("astropy", "numpy", "onnxruntime", "pyarrow")


def evaluate(
    model: AnyPath,
    data: AnyPath,
    out: AnyPath,
    *,
    table: AnyPath | pd.DataFrame | None = None,
    frames: AnyPath | None = None,
    label: str | None = None,
    group: str | None = None,
    progress: Progress = no_progress,
) -> ExperimentResult:
    """Evaluate a saved model on labelled objects: scores, intervals, calibration, report.

    Nothing is trained or tuned: the model's classes are compared with the labels as they are.

    Parameters
    ----------
    model
        Folder of a saved model, or ``hf://owner/name`` of the Hugging Face Hub.
    data
        One of: a folder of stored cutouts, of which the test split is used; a table with positions
        (`ra`, `dec`) and labels, with `frames`; a file of arrays (``.npz``, ``.npy``:
        `skyclass.images.array_cutouts.read_arrays`), with `table`. Arrays of another size than the
        model's are cropped about their centres, or padded with masked sky.
    out
        Directory to write: new, empty, or of an earlier evaluation, which is replaced.
    table
        Table of the objects of arrays, a row for each, in their order; or of those of stored
        cutouts, found by id or position, where groups or magnitudes are wanted.
    frames
        Directory with the frames of the positions.
    label
        Column that holds the names of the classes; by default they follow from the columns that
        the model's task reads, as in an experiment. Rows of no class of the model are left out and
        counted.
    group
        Column whose equal values mark objects that are not independent, such as the exposures of
        one star: intervals then resample whole groups, and accuracies are also averaged by group.
        ``field`` is the whole unit of files (SDSS: rerun, run, camcol, field).
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.pipeline.experiment.ExperimentResult
        Metrics and path of the report; `predictions.parquet` in `out` holds every object's
        probabilities.

    Raises
    ------
    EvaluationError
        If the data lack what they need, or `out` holds something else.
    SkyclassError
        If the model or the data cannot be used.

    Examples
    --------
    >>> import skyclass
    >>> result = skyclass.evaluate("model", "cutouts", "check", group="field")
    >>> result.metrics.by_group.groups
    2
    """
    workspace = Workspace(Path(out))
    check_claim(
        workspace.evaluation_file,
        kind="evaluation",
        compare=lambda _marker: "",  # an earlier one is replaced
        error=EvaluationError,
    )
    folder = locate_model(model)
    predictor = load_predictor(folder)
    spec = predictor.spec
    plan = plan_labelled(Path(data), spec, table=table, frames=frames, label=label)
    check_group(plan.table, group, spec.survey)
    names = {"model": Path(model).name, "data": Path(data).name}
    record = EvaluationRecord(**names, kind=plan.kind, label=label, group=group)
    _claim(workspace, record)
    link_folder(folder, workspace.model)
    labelled = plan.store(workspace.cutouts, progress)
    progress(Stage.EVALUATION, 0, 1)
    evaluated = _LabelledObjects(predictor, labelled, workspace, group)
    write_predictions(evaluated.table, workspace.predictions)
    metrics = evaluated.make_metrics()
    write_metrics(metrics, workspace.metrics)
    write_report(workspace.root)
    progress(Stage.EVALUATION, 1, 1)
    return ExperimentResult(workspace.root, metrics)


def _claim(workspace: Workspace, record: EvaluationRecord) -> None:
    """Say what a directory is for before anything else is in it; remove an earlier evaluation."""
    make_directory(workspace.root)
    write_record(record, workspace.evaluation_file)
    for folder in (workspace.cutouts, workspace.root / COLUMNS_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (workspace.predictions, workspace.metrics, workspace.report):
        file.unlink(missing_ok=True)


@dataclass(frozen=True)
class _LabelledObjects:
    """The `n` objects of an evaluation and what the model makes of them."""

    predictor: Predictor
    data: LabelledData
    workspace: Workspace
    group: str | None

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """Group of each object, `[n]`; None if they are independent."""
        survey = self.predictor.spec.survey
        return number_rows_by_group(self.data.table, self.group, survey)

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Class probabilities, `[n, class]`."""
        columns, measured = self._read_columns(), self._read_measured()
        return classify_cutouts(self.predictor, self.data.split, columns, measured)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Predictions and observing conditions."""
        cache = locate_cache(self.workspace.root)
        split, spec = self.data.split, self.predictor.spec
        extra = make_observation_columns(self.data.table, split, self.data.cutouts.info, cache)
        groups = [pd.NA] * len(split) if self.groups is None else self.groups
        extra["group"] = pd.array(groups, dtype="Int64")
        return make_predictions(
            **{name: split.column(name) for name in (*IDS, *POSITION)},
            labels=spec.labels,
            label=self.data.label,
            probabilities=self.probabilities,
            extra=extra,
        )

    def make_metrics(self) -> Metrics:
        """Score the model."""
        spec, info = self.predictor.spec, self.data.cutouts.info
        scale = get_survey(info.survey).pixel_scale
        return Metrics(
            test=self._score(),
            baseline=None,
            baselines={},
            difference=None,
            calibration=evaluate_calibration(
                spec.labels,
                self.data.label,
                self.probabilities,
                temperature=spec.temperature,
                fitted_on=spec.temperature_from,
                groups=self.groups,
            ),
            conformal=None,
            by_group=self._score_groups(),
            crowding_radius=choose_crowding_radius(info.size, scale),
            task=spec.task,
            ordered=is_ordered(spec),
            image_type=spec.image_type,
            model=spec.network,
            registration=spec.registration,
            simulated=info.simulated,
            catalog=self._report_rows(),
            versions={"skyclass": __version__, **{name: version(name) for name in _PACKAGES}},
        )

    def _read_columns(self) -> NDArray[np.float32] | None:
        """Select or measure the columns that the model takes, and keep them for the report."""
        spec, split = self.predictor.spec, self.data.split
        if not spec.columns:
            return None
        survey = get_survey(spec.survey)
        batches = split.read_batches(_BATCH, ("flux", "offset"))
        fluxes = np.concatenate(
            [
                aperture_flux(each["flux"], each["offset"], pixel_scale=survey.pixel_scale)
                for _, each in batches
            ]
        )
        known = select_columns(spec.columns, self.data.table, survey.band_names)
        columns = measure_columns(spec.columns, fluxes, known)
        assert columns is not None
        save_columns(columns, self.workspace.cutouts, "test")
        return columns

    def _read_measured(self) -> NDArray[np.float32] | None:
        """Read what the model is told of, with the extinction that the table states."""
        spec, cutouts = self.predictor.spec, self.workspace.cutouts
        extinction = select_extinction(self.data.table, self.data.cutouts.info.bands)
        if spec.measured and extinction is not None:
            save_extinction(extinction, cutouts, "test")
        return read_measured_inputs(spec, cutouts, "test")

    def _score(self) -> ModelScores:
        """Score the probabilities of all objects, and of those observed alike."""
        spec = self.predictor.spec
        predicted = spec.labels, self.data.label, self.probabilities
        ordered = is_ordered(spec)
        by = score_by_condition(self.table, *predicted, ordered=ordered, groups=self.groups)
        return ModelScores(**dict(score(*predicted, ordered=ordered, groups=self.groups)), by=by)

    def _score_groups(self) -> GroupScores | None:
        """Average the accuracies by group."""
        if self.groups is None:
            return None
        predicted = self.probabilities.argmax(axis=1).astype(np.int64)
        ordered = is_ordered(self.predictor.spec)
        return score_groups(self.data.label, predicted, self.groups, ordered=ordered)

    def _report_rows(self) -> CleaningReport:
        """Count what became of the rows that were given."""
        spec, data = self.predictor.spec, self.data
        counts = np.bincount(data.label, minlength=len(spec.labels)).tolist()
        classes = dict(zip(spec.labels, counts, strict=True))
        key = get_survey(spec.survey).key
        named = bool(key) and set(key) <= set(data.table.columns)
        return CleaningReport(
            rows_in=data.rows_in,
            rounded={},
            dropped=data.dropped,
            undetected={},
            frame_keys=named,
            task=spec.task,
            survey=spec.survey,
            sampled_from=len(data.label),
            rows_out=len(data.label),
            classes=classes,
            per_class={"test": classes},
            leakage=None,
            fields=data.cutouts.info.fields or None,
            download_bytes=None,
        )
