"""Search for good settings, trial by trial; an interrupted search is resumed by the next call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from skyclass.config.tuning_file import Choice, Range, SearchConfig
from skyclass.errors import TrainingError
from skyclass.extras import check_installed
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress

if TYPE_CHECKING:
    import optuna

__all__ = ["Judge", "SearchResult", "search_hyperparameters"]

Judge = Callable[[int, Mapping[str, Choice]], float]
"""Computes the figure of merit from a trial's number and settings."""

_NAME: Final = "skyclass"


@dataclass(frozen=True)
class SearchResult:
    """The best trial of a search."""

    values: Mapping[str, Choice]
    """Its settings, by dotted key."""
    figure: float
    """Its figure of merit: validation loss or accuracy."""
    trials: int
    """Trials in all."""
    failed: int
    """Trials that could not be trained."""


def search_hyperparameters(
    config: SearchConfig,
    folder: Path,
    judge: Judge,
    *,
    maximise: bool,
    seed: int,
    progress: Progress = no_progress,
) -> SearchResult:
    """Try settings one after another, each chosen in the light of the trials before it.

    The trials are kept in an SQLite file; an interrupted one is repeated with the same settings.
    Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS) chooses the settings,
    seeded by the number of the trial, so that an interruption changes nothing.

    Parameters
    ----------
    config
        Space and number of trials; a finished search is extended if there are more trials.
    folder
        Folder of `trials.sqlite` and `trials.csv`.
    judge
        Computes the figure of merit of a trial; must not look at test objects.
    maximise
        Whether larger figures are better.
    seed
        Seed of the choices.
    progress
        Called with the stage, trials done and trials in all (`skyclass.progress.Progress`).

    Returns
    -------
    SearchResult
        The best trial.

    Raises
    ------
    TrainingError
        If `folder` holds a search of another space, or no trial could be trained.
    MissingExtraError
        If Optuna is not installed.
    """
    study = _open_study(config, folder, maximise)
    for number in range(len(study.trials) - _count_unfinished(study), config.trials):
        progress(Stage.TRIALS, number, config.trials)
        _run_next_trial(study, config, judge, seed + number)
    with atomic_path(folder / "trials.csv") as partial:
        study.trials_dataframe(attrs=("number", "value", "params", "state")).to_csv(
            partial, index=False
        )
    failed = sum(trial.state.name == "FAIL" for trial in study.trials)
    if failed == len(study.trials):
        reason = study.trials[-1].user_attrs.get("reason")
        raise TrainingError(f"none of {failed} trials could be trained: {reason}")
    progress(Stage.TRIALS, config.trials, config.trials)
    return SearchResult(study.best_params, study.best_value, len(study.trials), failed)


def _open_study(config: SearchConfig, folder: Path, maximise: bool) -> "optuna.Study":
    """Open the trials of a folder, or create them."""
    check_installed("optuna", purpose="a search")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = make_directory(folder) / "trials.sqlite"
    study = optuna.create_study(
        storage=f"sqlite:///{path.absolute()}",
        study_name=_NAME,
        direction="maximize" if maximise else "minimize",
        load_if_exists=True,
    )
    space = config.model_dump(mode="json")["space"]
    earlier = study.user_attrs.get("space", space)
    if earlier != space or (study.direction.name == "MAXIMIZE") != maximise:
        raise TrainingError(
            f"{folder} holds a search of another space; choose another output directory"
        )
    study.set_user_attr("space", space)
    return study


def _count_unfinished(study: "optuna.Study") -> int:
    """Count the trials that an interruption left: none or one."""
    return sum(not trial.state.is_finished() for trial in study.trials)


def _run_next_trial(study: "optuna.Study", config: SearchConfig, judge: Judge, seed: int) -> None:
    """Repeat the interrupted trial, or run a new one."""
    import optuna

    study.sampler = optuna.samplers.TPESampler(seed=seed)
    left = [trial for trial in study.trials if not trial.state.is_finished()]
    trial = optuna.trial.Trial(study, left[0]._trial_id) if left else study.ask()
    values = {key: _suggest(trial, key, options) for key, options in config.space.items()}
    try:
        figure = judge(trial.number, values)
    except TrainingError as error:
        trial.set_user_attr("reason", str(error))
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return
    study.tell(trial, figure)


def _suggest(trial: "optuna.Trial", key: str, options: Range | tuple[Choice, ...]) -> Choice:
    """Let a trial choose a value."""
    if not isinstance(options, Range):
        return cast(Choice, trial.suggest_categorical(key, list(options)))
    low, high = options.low, options.high
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=options.log)
    return trial.suggest_float(key, low, high, log=options.log)
