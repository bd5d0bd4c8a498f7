"""Find good settings of an experiment, judged on its validation objects alone."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from skyclass.config.experiment_file import read_config, write_config
from skyclass.config.sections import Experiment
from skyclass.config.tuning_file import Choice, Range, SearchConfig, read_search, with_values
from skyclass.errors import ConfigError
from skyclass.files import AnyPath
from skyclass.images.registry import get_image_type
from skyclass.models.model_spec import ModelSpec, make_spec
from skyclass.models.presets import apply_preset
from skyclass.models.training_history import TrainingHistory, read_history
from skyclass.pipeline.experiment import check_experiment, claim
from skyclass.pipeline.prepare import Objects, Places, prepare
from skyclass.progress import Progress, no_progress
from skyclass.tasks.registry import get_task
from skyclass.training.hyperparameter_search import SearchResult, search_hyperparameters
from skyclass.training.lr_finder import (
    LearningRateSweep,
    find_learning_rate,
    plot_learning_rate_sweep,
)
from skyclass.training.train import train

__all__ = ["check_learning_rates", "tune"]


def check_learning_rates(
    file: AnyPath, out: AnyPath, *, steps: int = 100, progress: Progress = no_progress
) -> LearningRateSweep:
    """Raise the learning rate of an experiment's model step by step.

    Parameters
    ----------
    file
        Experiment file (TOML).
    out
        Directory for the objects and `learning-rate.png`: new, empty, or begun with the same file.
    steps
        Steps at most.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.training.lr_finder.LearningRateSweep
        With a suggestion.

    Raises
    ------
    SkyclassError
        As `skyclass.pipeline.experiment.run_experiment` does.
    """
    file, out = Path(file), Path(out)
    config = apply_preset(read_config(file))
    objects = _prepared(config, out, progress)
    test = find_learning_rate(
        objects.cutouts,
        _spec(config, objects),
        config.training,
        augmentation=config.augmentation,
        seed=_seed(config),
        steps=steps,
    )
    plot_learning_rate_sweep(test, out / "learning-rate.png")
    return test


def tune(
    file: AnyPath, space: AnyPath, out: AnyPath, *, progress: Progress = no_progress
) -> SearchResult:
    """Search for good settings; run again, it goes on where it stopped.

    Every trial trains on the same objects. It is judged by the experiment's `training.monitor` on
    the validation objects; no model sees a test object.

    Parameters
    ----------
    file
        Experiment file (TOML).
    space
        Search file (TOML).
    out
        Directory for the objects, `trials.sqlite`, `trials.csv` and `best.toml`, an experiment
        file with the best settings: new, empty, or begun with the same experiment file.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.training.hyperparameter_search.SearchResult
        The best settings.

    Raises
    ------
    SkyclassError
        Where a file cannot be used, the directory holds something else, or no trial can be
        trained.
    """
    file, space, out = Path(file), Path(space), Path(out)
    config = read_config(file)
    searched = read_search(space, config)
    _check_choices(config, searched)
    objects = _prepared(apply_preset(config), out, progress)
    monitor = apply_preset(config).training.monitor

    def judge(number: int, values: Mapping[str, Choice]) -> float:
        folder = out / "trials" / f"{number:04d}"
        history = _trained(apply_preset(with_values(config, values)), objects, folder)
        best = history.best
        return best.validation_loss if monitor == "loss" else best.validation_accuracy

    found = search_hyperparameters(
        searched,
        out,
        judge,
        maximise=monitor == "accuracy",
        seed=_seed(config),
        progress=progress,
    )
    shutil.rmtree(out / "trials", ignore_errors=True)
    write_config(with_values(config, found.values), out / "best.toml")
    return found


def _check_choices(config: Experiment, searched: SearchConfig) -> None:
    """Refuse choices that name what does not exist, or need other pixels."""
    pixels = get_image_type(config.images.type, config.survey.name).source
    for key, options in searched.space.items():
        if isinstance(options, Range):
            continue
        for value in options:
            changed = apply_preset(with_values(config, {key: value}))
            check_experiment(changed)
            if get_image_type(changed.images.type, changed.survey.name).source != pixels:
                raise ConfigError(
                    f"{config.images.type} and {value} are not made of the same pixels; search"
                    " over them apart"
                )


def _prepared(config: Experiment, out: Path, progress: Progress) -> Objects:
    """Make the objects of an experiment in a directory of its own."""
    check_experiment(config)
    claim(out, config)
    return prepare({"": config}, Places.within(out), progress)[""]


def _trained(config: Experiment, objects: Objects, folder: Path) -> TrainingHistory:
    """Train, and give the story of the training alone: weights would fill the disk."""
    train(
        objects.cutouts,
        _spec(config, objects),
        config.training,
        folder,
        augmentation=config.augmentation,
        seed=_seed(config),
    )
    history = read_history(folder)
    shutil.rmtree(folder)
    return history


def _spec(config: Experiment, objects: Objects) -> ModelSpec:
    """Say what an experiment trains."""
    registration = check_experiment(config)
    task = get_task(config.task)
    return make_spec(
        config, task, objects.catalog.table, objects.info, registration, objects.cutouts
    )


def _seed(config: Experiment) -> int:
    """Give the seed of an experiment's training."""
    return config.seed if config.training.seed is None else config.training.seed
