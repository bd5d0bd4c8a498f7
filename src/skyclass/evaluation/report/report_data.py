"""Read what a report is made from, and check that its parts belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.experiment_file import read_config
from skyclass.config.sections import Experiment, SurveyConfig
from skyclass.errors import EvaluationError
from skyclass.evaluation.evaluation_record import EvaluationRecord, read_record
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.read_evaluation import EvaluatedExperiment, read_evaluation
from skyclass.extras import is_installed
from skyclass.images.stored_cutouts import CutoutSplit, open_cutouts
from skyclass.models.catalog_columns import read_columns
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import read_spec
from skyclass.models.training_history import HISTORY_FILE, TrainingHistory, read_history
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.workspace import Workspace

if TYPE_CHECKING:
    from skyclass.models.classifier import Classifier

__all__ = ["ReportData", "read_report_data"]


@dataclass(frozen=True)
class ReportData(EvaluatedExperiment):
    """What a report is made from: a finished experiment, or evaluation, with `n` test objects."""

    origin: Experiment | EvaluationRecord
    """Its settings; or which saved model was evaluated on which labels."""
    toml: str | None
    """Its file, verbatim; None for a saved model."""
    history: TrainingHistory | None
    """History of the training; None where a saved model has none with it."""
    cutouts: CutoutSplit
    """The test objects, in the order of `table`."""
    spec: ModelSpec
    """Specification of the trained model."""
    classifier: "Classifier | None"
    """The trained model; None where PyTorch is not installed."""
    columns: NDArray[np.float32] | None
    """Columns of the catalogue, `[n, column]`, for a model that uses any."""
    measured: NDArray[np.float32] | None
    """What was measured, `[n, column]`, for a model that is told of it."""
    magnitudes: NDArray[np.float64] | None
    """In all bands of the survey, `[n, band]`, NaN where one is missing; None if there are none."""
    field: "pd.Series[str] | None"
    """Name of the field of each object, `[n]`; None if the catalogue names none."""

    @property
    def survey(self) -> Survey:
        """Survey of the cutouts."""
        return get_survey(self.spec.survey)

    @property
    def release(self) -> str | int:
        """Data release that links lead to: the experiment's, or the default one."""
        survey = self.origin.survey if isinstance(self.origin, Experiment) else SurveyConfig()
        return survey.release

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Index of the most probable class of each object, `[n]`."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the predicted class, `[n]`."""
        return np.asarray(self.probabilities.max(axis=1))


def read_report_data(directory: Path) -> ReportData:
    """Read a finished experiment, or the evaluation of a saved model.

    Parameters
    ----------
    directory
        It holds `experiment.toml` or `evaluation.json`, `metrics.json`, `predictions.parquet`,
        `model/` and `cutouts/`.

    Returns
    -------
    ReportData
        All of it; pixels are read on demand.

    Raises
    ------
    SkyclassError
        If one of these is missing or unreadable, or they are of different objects.
    """
    workspace = Workspace(directory)
    # first of all: it imports the plugins that the model may need
    origin, toml = _read_origin(workspace)
    results = read_evaluation(directory)
    history = _read_history(workspace.model, required=toml is not None)
    _check_same_objects(directory, results.metrics, results.table)
    cutouts = open_cutouts(workspace.cutouts)["test"]
    _check_same_cutouts(directory, cutouts, results.table)
    classifier = _load_classifier(workspace.model)
    spec = read_spec(workspace.model) if classifier is None else classifier.spec
    return ReportData(
        **vars(results),
        origin=origin,
        toml=toml,
        history=history,
        cutouts=cutouts,
        spec=spec,
        classifier=classifier,
        columns=read_columns(spec.columns, workspace.cutouts, "test"),
        measured=read_measured_inputs(spec, workspace.cutouts, "test"),
        magnitudes=_collect_magnitudes(results.table, get_survey(spec.survey).band_names),
        field=None if results.table["field"].isna().any() else results.table["field"],
    )


def _load_classifier(folder: Path) -> "Classifier | None":
    """Load the model, unless PyTorch is not installed."""
    if not is_installed("torch"):
        return None
    from skyclass.models.saved_model import load_model

    return load_model(folder)


def _read_origin(workspace: Workspace) -> tuple[Experiment | EvaluationRecord, str | None]:
    """Read the experiment and its file, or the record of a saved model's evaluation."""
    if workspace.evaluation_file.is_file():
        return read_record(workspace.evaluation_file), None
    toml = _read_text(workspace.experiment_file)
    return read_config(workspace.experiment_file), toml


def _read_history(model: Path, *, required: bool) -> TrainingHistory | None:
    """Read the history of the training; a saved model may have come without it."""
    if not required and not (model / HISTORY_FILE).is_file():
        return None
    return read_history(model)


def _read_text(path: Path) -> str:
    """Read a file of the experiment."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read; run the experiment first") from error


def _check_same_objects(directory: Path, metrics: Metrics, table: pd.DataFrame) -> None:
    """Check that metrics and predictions count the same objects."""
    right = int((table["label"] == table["predicted"]).sum())
    matrix = metrics.test.confusion_matrix
    scored = sum(map(sum, matrix)), sum(row[i] for i, row in enumerate(matrix))
    if scored != (len(table), right):
        raise EvaluationError(
            f"metrics.json in {directory} counts {scored[1]} of {scored[0]} objects correct,"
            f" predictions.parquet {right} of {len(table)}; remove both and run the experiment"
            " again"
        )


def _check_same_cutouts(directory: Path, cutouts: CutoutSplit, table: pd.DataFrame) -> None:
    """Check that cutouts and predictions are of the same objects.

    Otherwise an object's picture beside another's numbers would go unnoticed.
    """
    for name in ("objid", "ra"):
        stored = pd.Series(cutouts.column(name), dtype=table[name].dtype)
        if not stored.equals(table[name].reset_index(drop=True)):
            raise EvaluationError(
                f"cutouts in {directory} are of other test objects than predictions.parquet;"
                " run the experiment again"
            )


def _collect_magnitudes(table: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64] | None:
    """Collect the magnitudes in all bands; None if no object has any."""
    values = table[[f"magnitude_{band}" for band in bands]].to_numpy(np.float64, na_value=np.nan)
    return values if np.isfinite(values).any() else None
