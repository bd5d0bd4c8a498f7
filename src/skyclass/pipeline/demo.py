"""An experiment on a simulated survey, from its frames to its report."""

from pathlib import Path
from typing import Final

from skyclass.config.experiment_file import write_config
from skyclass.config.sections import CatalogConfig, Experiment, SurveyConfig
from skyclass.config.training_sections import TrainingConfig
from skyclass.extras import check_installed
from skyclass.files import AnyPath, make_directory
from skyclass.mock_archive.server import serve_archive
from skyclass.pipeline.experiment import ExperimentResult, run_experiment
from skyclass.progress import Progress, no_progress
from skyclass.simulation.simulate import simulate
from skyclass.tasks.registry import get_task

__all__ = ["run_demo"]

FIELDS: Final = 24
"""Simulated fields: 6,000 labelled objects."""


def run_demo(
    out: AnyPath,
    *,
    task: str = "spectral-class",
    fields: int = FIELDS,
    epochs: int = 16,
    progress: Progress = no_progress,
) -> ExperimentResult:
    """Simulate a survey and run one experiment with calibrated bands on it.

    The frames are downloaded over HTTP from a local archive, like those of a real one.

    Parameters
    ----------
    out
        Directory for `survey/`, `frames/`, `experiment.toml` and `experiment/`.
    task
        Name of a task.
    fields
        Number of simulated fields of 250 labelled objects each.
    epochs
        Maximum number of epochs.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.pipeline.experiment.ExperimentResult
        Metrics and path of the report.
    """
    out = Path(out)
    get_task(task)
    check_installed("galsim", purpose="a simulated survey")
    survey = make_directory(out) / "survey"
    simulate(survey, fields, task=task, progress=progress)
    with serve_archive(survey, queries=False) as url:
        config = Experiment(
            task=task,
            catalog=CatalogConfig(path=Path("survey/catalog.csv")),
            survey=SurveyConfig(frames=Path("frames"), base_url=url, rate=0),
            training=TrainingConfig(epochs=epochs),
        )
        file = out / "experiment.toml"
        write_config(config, file)
        return run_experiment(file, out / "experiment", progress=progress)
