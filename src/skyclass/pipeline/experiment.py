"""One experiment end to end: catalogue, cutouts, model, evaluation, report."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from skyclass.config.sections import Experiment
from skyclass.evaluation.metrics import Metrics
from skyclass.evaluation.report.page import write_report
from skyclass.files import AnyPath
from skyclass.models.classifier import Classifier
from skyclass.pipeline.evaluate import evaluate_model
from skyclass.pipeline.prepared_experiment import PreparedExperiment, prepare_experiment
from skyclass.pipeline.train_model import train_model
from skyclass.progress import Progress, Stage, no_progress
from skyclass.workspace import Workspace

__all__ = ["ExperimentResult", "run_experiment", "run_prepared", "train"]

_REPORT: Final = "report"


@dataclass(frozen=True, repr=False)
class ExperimentResult:
    """Outcome of an experiment."""

    directory: Path
    """Directory of the experiment."""
    metrics: Metrics
    """Contents of `metrics.json`."""

    @property
    def report(self) -> Path:
        """Path of the report."""
        return Workspace(self.directory).report

    @property
    def headline(self) -> str:
        """Test accuracy with its 95 % interval, and that of the colour baselines."""
        test = self.metrics.test
        ends = test.accuracy_ci95
        interval = "" if ends is None else f" ({100 * ends.low:.1f} to {100 * ends.high:.1f})"
        other = ", ".join(
            f"{name} {100 * scores.accuracy:.1f} %"
            for name, scores in self.metrics.all_baselines.items()
        )
        other = other or "no colour baseline"
        kind = " (simulated data)" if self.metrics.simulated else ""
        return f"test accuracy {100 * test.accuracy:.1f} %{interval}, {other}{kind}"

    def __repr__(self) -> str:
        """Return the headline in one line."""
        return f"<ExperimentResult: {self.headline}; report: {self.report}>"

    def _repr_html_(self) -> str:
        """Return the headline, a link to the report, and the scores for notebooks."""
        link = f'<a href="{escape(self.report.as_posix())}">report</a>'
        return f"<p>{escape(self.headline)}; {link}</p>{self.metrics._repr_html_()}"


def run_experiment(
    experiment: AnyPath | Experiment, out: AnyPath, *, progress: Progress = no_progress
) -> ExperimentResult:
    """Run all stages of an experiment; what is up to date is not repeated.

    Parameters
    ----------
    experiment
        Experiment file (TOML), or an experiment that was read or built already.
    out
        Directory of the experiment: new, empty, or begun with the same experiment.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    ExperimentResult
        Metrics and path of the report.

    Raises
    ------
    SkyclassError
        If the experiment is invalid, or the catalogue, the frames or the directory cannot be used.

    Examples
    --------
    >>> import skyclass
    >>> result = skyclass.run_experiment("stars.toml", "stars")
    >>> result.metrics.test.accuracy > 0
    True
    >>> print(result.report)
    stars/report.html
    """
    prepared = prepare_experiment(experiment, out, progress=progress)
    return run_prepared(prepared, progress=progress)


def train(
    experiment: AnyPath | Experiment, out: AnyPath, *, progress: Progress = no_progress
) -> Classifier:
    """Train the model of an experiment, and nothing after it.

    Parameters
    ----------
    experiment, out, progress
        As for `run_experiment`.

    Returns
    -------
    skyclass.models.classifier.Classifier
        The trained model, which is also saved in the folder `model` of the directory.

    Raises
    ------
    SkyclassError
        As `run_experiment` does.

    Examples
    --------
    >>> import skyclass
    >>> model = skyclass.train("stars.toml", "stars")
    >>> model.spec.task
    'spectral-class'
    """
    prepared = prepare_experiment(experiment, out, progress=progress)
    return train_model(prepared, progress)


def run_prepared(
    prepared: PreparedExperiment, *, report: bool = True, progress: Progress = no_progress
) -> ExperimentResult:
    """Train, evaluate and report a prepared experiment.

    Parameters
    ----------
    prepared
        Experiment.
    report
        Whether the report is written.
    progress
        Called with the stage, steps done and steps in all.

    Returns
    -------
    ExperimentResult
        Metrics and path of the report.

    Raises
    ------
    SkyclassError
        If a stage fails.
    """
    workspace, mark = prepared.workspace, prepared.evaluation_mark
    metrics = evaluate_model(prepared, train_model(prepared, progress), progress)
    if report and not (workspace.report.exists() and workspace.is_done(_REPORT, mark)):
        progress(Stage.REPORT, 0, 1)
        write_report(workspace.root)
        workspace.mark_done(_REPORT, mark)
        progress(Stage.REPORT, 1, 1)
    return ExperimentResult(workspace.root, metrics)
