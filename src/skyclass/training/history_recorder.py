"""Record the figures of every round, and report them while a training runs."""

from typing import Any, Final

from lightning.pytorch.callbacks import Callback

from skyclass.models.training_history import TrainingRound
from skyclass.progress import Progress, Stage
from skyclass.training.steps import TrainingSteps

__all__ = ["HistoryRecorder", "RoundReporter"]

_FIGURES: Final = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


class HistoryRecorder(Callback):
    """Collect the figures of every round; a checkpoint carries them over an interruption.

    Parameters
    ----------
    steps
        Steps of the training.
    """

    def __init__(self, steps: TrainingSteps) -> None:
        self._steps = steps
        self.rounds: list[TrainingRound] = []

    def on_train_epoch_end(self, trainer: Any, _module: Any) -> None:
        """Add a round."""
        number = trainer.current_epoch
        figures = {name: float(trainer.callback_metrics[name]) for name in _FIGURES}
        step = (number + 1) * self._steps.per_round
        self.rounds.append(TrainingRound(epoch=number, step=step, **figures))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"epochs": [one.model_dump() for one in self.rounds]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the rounds from a checkpoint."""
        self.rounds = [TrainingRound(**one) for one in state_dict["epochs"]]


class RoundReporter(Callback):
    """Report every round as progress, once its checkpoint is written.

    Parameters
    ----------
    recorder
        Rounds so far; comes before this callback in the trainer's list.
    total
        Rounds of a training that does not stop early.
    progress
        Called with the stage, rounds done, `total`, and the validation figures.
    """

    def __init__(self, recorder: HistoryRecorder, total: int, progress: Progress) -> None:
        self._recorder = recorder
        self._total = total
        self._progress = progress

    def on_train_epoch_end(self, trainer: Any, _module: Any) -> None:
        """Report the last round, from one process only."""
        if not trainer.is_global_zero:
            return
        rounds = self._recorder.rounds
        detail = (
            f"validation loss {rounds[-1].validation_loss:.4f}"
            f" accuracy {rounds[-1].validation_accuracy:.4f}"
        )
        self._progress(Stage.TRAINING, len(rounds), self._total, detail)
