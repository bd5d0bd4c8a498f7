"""Search for good settings, trial by trial; interrupted, the next call goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from skyclass.config.tuning_file import Range, SearchConfig
from skyclass.errors import TrainingError
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress

__all__ = ["SearchResult", "search_hyperparameters"]

_NAME: Final = "skyclass"


@dataclass(frozen=True)
class SearchResult:
    """What a search came to."""

    values: dict[str, Any]
    """The best trial's settings, by dotted key."""
    figure: float
    """What it was judged by."""
    trials: int
    """Trials in all."""
    failed: int
    """Those that could not be trained."""


def search_hyperparameters(
    config: SearchConfig,
    folder: Path,
    judge: Callable[[int, dict[str, Any]], float],
    *,
    maximise: bool,
    seed: int,
    progress: Progress = no_progress,
) -> SearchResult:
    """Try settings one after another, each chosen by what came of those before.

    The trials are kept in an SQLite file; one that was interrupted is begun again with the same
    settings. Settings are chosen with Optuna's tree-structured Parzen estimator (Bergstra et al.
    2011, NeurIPS), seeded by the number of the trial, so that an interruption changes nothing.

    Parameters
    ----------
    config
        Space and number of trials; more trials than a finished search had go on with it.
    folder
        Where `trials.sqlite` and `trials.csv` are kept.
    judge
        Gives the figure of a trial's number and settings; must not look at test objects.
    maximise
        Whether larger figures are better.
    seed
        Of the choices.
    progress
        Called with the stage, trials done and trials in all (`skyclass.progress.Progress`).

    Returns
    -------
    SearchResult
        The best trial.

    Raises
    ------
    TrainingError
        Where Optuna is not installed, `folder` holds a search of another space, or no trial could
        be trained.
    """
    study = _open(config, folder, maximise)
    for number in range(len(study.trials) - _unfinished(study), config.trials):
        progress(Stage.TRIALS, number, config.trials)
        _try_next(study, config, judge, seed + number)
    with atomic_path(folder / "trials.csv") as partial:
        study.trials_dataframe(attrs=("number", "value", "params", "state")).to_csv(
            partial, index=False
        )
    failed = sum(trial.state.name == "FAIL" for trial in study.trials)
    if failed == len(study.trials):
        raise TrainingError(f"none of {failed} trials could be trained: {_last_reason(study)}")
    progress(Stage.TRIALS, config.trials, config.trials)
    return SearchResult(study.best_params, study.best_value, len(study.trials), failed)


def _open(config: SearchConfig, folder: Path, maximise: bool) -> Any:
    """Open the trials of a folder, or begin."""
    try:
        import optuna
    except ImportError as error:
        raise TrainingError(
            'a search needs the package optuna: pip install "skyclass[search]"'
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = make_directory(folder) / "trials.sqlite"
    study = optuna.create_study(
        storage=f"sqlite:///{path.absolute()}",
        study_name=_NAME,
        direction="maximize" if maximise else "minimize",
        load_if_exists=True,
    )
    space = config.model_dump(mode="json")["space"]
    told = study.user_attrs.get("space", space)
    if told != space or (study.direction.name == "MAXIMIZE") != maximise:
        raise TrainingError(f"{folder} holds a search of another space; choose another --out")
    study.set_user_attr("space", space)
    return study


def _unfinished(study: Any) -> int:
    """Count trials that an interruption left: none or one."""
    return sum(not trial.state.is_finished() for trial in study.trials)


def _try_next(
    study: Any, config: SearchConfig, judge: Callable[[int, dict[str, Any]], float], seed: int
) -> None:
    """Do the trial that was interrupted, or a new one."""
    import optuna

    study.sampler = optuna.samplers.TPESampler(seed=seed)
    left = [trial for trial in study.trials if not trial.state.is_finished()]
    trial = optuna.trial.Trial(study, left[0]._trial_id) if left else study.ask()
    values = {key: _chosen(trial, key, options) for key, options in config.space.items()}
    try:
        figure = judge(trial.number, values)
    except TrainingError as error:
        trial.set_user_attr("reason", str(error))
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return
    study.tell(trial, figure)


def _chosen(trial: Any, key: str, options: Any) -> Any:
    """Let a trial choose a value."""
    if not isinstance(options, Range):
        return trial.suggest_categorical(key, list(options))
    whole = isinstance(options.low, int) and isinstance(options.high, int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    return suggest(key, options.low, options.high, log=options.log)


def _last_reason(study: Any) -> str:
    """Say why the last trial failed."""
    return str(study.trials[-1].user_attrs.get("reason"))
