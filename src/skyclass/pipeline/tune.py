"""Search for good settings of an experiment, judged on its validation objects alone."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from skyclass.config.experiment_file import write_config
from skyclass.config.sections import Experiment
from skyclass.config.tuning_file import (
    Choice,
    SearchConfig,
    list_extremes,
    read_search,
    replace_values,
)
from skyclass.errors import ConfigError
from skyclass.extras import check_installed
from skyclass.files import AnyPath
from skyclass.images.registry import get_image_type
from skyclass.models.check_network import fetch_weights
from skyclass.models.presets import apply_preset
from skyclass.models.training_history import TrainingHistory, read_history
from skyclass.pipeline.check_experiment import check_experiment
from skyclass.pipeline.prepared_experiment import (
    PreparedExperiment,
    assemble_experiment,
    prepare_experiment,
    read_experiment_file,
)
from skyclass.progress import Progress, no_progress
from skyclass.training.hyperparameter_search import SearchResult, search_hyperparameters
from skyclass.training.lr_finder import (
    LearningRateSweep,
    find_learning_rate,
    plot_learning_rate_sweep,
)
from skyclass.training.train_classifier import train_classifier

__all__ = ["sweep_learning_rate", "tune"]


def sweep_learning_rate(
    experiment: AnyPath | Experiment,
    out: AnyPath,
    *,
    steps: int = 100,
    progress: Progress = no_progress,
) -> LearningRateSweep:
    """Raise the learning rate of an experiment's model step by step, and suggest one.

    Parameters
    ----------
    experiment
        Experiment file (TOML), or an experiment that was read or built already.
    out
        Directory for the objects and `learning-rate.png`: new, empty, or begun with the same
        experiment.
    steps
        Maximum number of steps.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.training.lr_finder.LearningRateSweep
        Losses and a suggestion.

    Raises
    ------
    SkyclassError
        As `skyclass.pipeline.experiment.run_experiment` does.
    """
    prepared = prepare_experiment(experiment, out, progress=progress)
    sweep = find_learning_rate(
        prepared.workspace.cutouts,
        prepared.spec,
        prepared.config.training,
        augmentation=prepared.config.augmentation,
        seed=prepared.seed,
        steps=steps,
    )
    plot_learning_rate_sweep(sweep, prepared.workspace.learning_rate_plot)
    return sweep


def tune(
    experiment: AnyPath | Experiment,
    space: AnyPath,
    out: AnyPath,
    *,
    progress: Progress = no_progress,
) -> SearchResult:
    """Search for good settings; an interrupted search is resumed.

    Every trial trains on the same objects. It is judged by the experiment's `training.monitor` on
    the validation objects; no model sees a test object.

    Parameters
    ----------
    experiment
        Experiment file (TOML), or an experiment that was read or built already.
    space
        Search file (TOML).
    out
        Directory for the objects, `trials.sqlite`, `trials.csv` and `best.toml`, an experiment
        file with the best settings: new, empty, or begun with the same experiment.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.training.hyperparameter_search.SearchResult
        The best settings.

    Raises
    ------
    SkyclassError
        If a file is invalid, the directory holds something else, or no trial can be trained.
    """
    check_installed("optuna", purpose="a search")
    config = read_experiment_file(experiment)
    search = read_search(Path(space), config)
    _check_space(config, search)
    prepared = prepare_experiment(config, out, progress=progress)
    workspace, monitor = prepared.workspace, prepared.config.training.monitor

    def judge(number: int, values: Mapping[str, Choice]) -> float:
        trial = apply_preset(replace_values(config, values))
        check_experiment(trial)
        folder = workspace.trials / f"{number:04d}"
        best = _train(assemble_experiment(trial, prepared.objects, workspace), folder).best
        return best.validation_loss if monitor == "loss" else best.validation_accuracy

    result = search_hyperparameters(
        search,
        workspace.root,
        judge,
        maximise=monitor == "accuracy",
        seed=prepared.seed,
        progress=progress,
    )
    shutil.rmtree(workspace.trials, ignore_errors=True)
    write_config(replace_values(config, result.values), workspace.best_experiment_file)
    return result


def _check_space(config: Experiment, search: SearchConfig) -> None:
    """Check that all choices, and the ends of ranges, can be trained and use the same pixels."""
    pixels = get_image_type(config.images.type, config.survey.name).source
    for key, options in search.space.items():
        for value in list_extremes(options):
            changed = apply_preset(replace_values(config, {key: value}))
            check_experiment(changed)
            fetch_weights(changed)
            if get_image_type(changed.images.type, changed.survey.name).source != pixels:
                raise ConfigError(
                    f"{config.images.type} and {value} are made of different pixels; search over"
                    " them apart"
                )


def _train(prepared: PreparedExperiment, folder: Path) -> TrainingHistory:
    """Train, and keep the history alone: weights would fill the disk."""
    train_classifier(
        prepared.workspace.cutouts,
        prepared.spec,
        prepared.config.training,
        folder,
        augmentation=prepared.config.augmentation,
        seed=prepared.seed,
        cache=prepared.objects.cache,
        onnx=False,
    )
    history = read_history(folder)
    shutil.rmtree(folder)
    return history
