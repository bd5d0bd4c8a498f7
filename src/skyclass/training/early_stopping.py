"""Keep the best and the last weights on disk, and tell when to stop."""

from pathlib import Path
from typing import Any, Final

from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file, save

from skyclass.config.training_sections import TrainingConfig
from skyclass.files import atomic_path
from skyclass.models.classifier import Classifier
from skyclass.progress import Progress, Stage
from skyclass.training.steps import TrainingSteps

__all__ = ["Keeper", "best_round", "is_stale"]

_BEST: Final = "best.safetensors"
_LAST: Final = "last.safetensors"
_FIGURES: Final = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


class Keeper(Callback):
    """Remembers every round's figures, also over an interruption.

    Parameters
    ----------
    state
        Folder of what a training needs to go on.
    config
        Says what is best, and when no better one is waited for.
    plan
        Steps of the training.
    progress
        Called after each round with the stage, rounds done, most rounds, and the round's figures.
    """

    def __init__(
        self, state: Path, config: TrainingConfig, plan: TrainingSteps, progress: Progress
    ) -> None:
        self._state = state
        self._config = config
        self._plan = plan
        self._progress = progress
        self._rounds: list[dict[str, float]] = []

    @property
    def last(self) -> Path | None:
        """Checkpoint that an interrupted training left."""
        path = self._state / _LAST
        return path if path.exists() else None

    @property
    def history(self) -> dict[str, Any]:
        """All rounds and the number of the best one."""
        return {
            "epochs": self._rounds,
            "best_epoch": best_round(self._rounds, self._config.monitor),
            "steps_per_epoch": self._plan.epoch_batches // self._plan.accumulate,
            "validate_every": self._plan.round_steps,
        }

    def restore_best(self, classifier: Classifier) -> None:
        """Put the best weights into a classifier; what is not among them never changed."""
        classifier.load_state_dict(load_file(self._state / _BEST), strict=False)

    def on_train_start(self, trainer: Any, _module: Any) -> None:
        """Stop at once where an interrupted training had come to its end."""
        trainer.should_stop = is_stale(self._rounds, self._config)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Record a round, then write its weights where they are the best, then the checkpoint."""
        number = trainer.current_epoch
        figures = {name: float(trainer.callback_metrics[name]) for name in _FIGURES}
        step = (number + 1) * self._plan.round_steps
        self._rounds.append({"epoch": number, "step": step, **figures})
        if trainer.is_global_zero and best_round(self._rounds, self._config.monitor) == number:
            with atomic_path(self._state / _BEST) as partial:
                partial.write_bytes(save(module.learnt(module.kept.state_dict())))
        trainer.save_checkpoint(self._state / _LAST)
        trainer.should_stop = is_stale(self._rounds, self._config)
        if trainer.is_global_zero:
            detail = (
                f"validation loss {figures['validation_loss']:.4f}"
                f" accuracy {figures['validation_accuracy']:.4f}"
            )
            self._progress(Stage.TRAINING, len(self._rounds), self._plan.rounds, detail)

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint keeps."""
        return {"epochs": self._rounds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what a checkpoint kept."""
        self._rounds = list(state_dict["epochs"])


def best_round(rounds: list[dict[str, float]], monitor: str) -> int:
    """Find the round with the lowest loss or the highest accuracy.

    Parameters
    ----------
    rounds
        Figures of each round, at least one.
    monitor
        `loss` or `accuracy`, of the validation objects.

    Returns
    -------
    int
        Its number; the first of several equal ones.
    """
    values = [-round_["validation_accuracy"] for round_ in rounds]
    if monitor == "loss":
        values = [round_["validation_loss"] for round_ in rounds]
    return values.index(min(values))


def is_stale(rounds: list[dict[str, float]], config: TrainingConfig) -> bool:
    """Tell whether no better round is to be waited for.

    Parameters
    ----------
    rounds
        Figures of each round.
    config
        Says what is monitored, the patience and the threshold.

    Returns
    -------
    bool
        Whether as many rounds as the patience went by since one that was better than all before
        by more than the threshold.
    """
    sign = 1 if config.monitor == "loss" else -1
    best, waited = float("inf"), 0
    for round_ in rounds:
        value = sign * round_[f"validation_{config.monitor}"]
        waited = 0 if value < best - config.threshold else waited + 1
        best = value if waited == 0 else best
    return waited >= config.patience
