"""Decide which round is the best so far, and when a training stops."""

from collections.abc import Sequence
from typing import Any

from lightning.pytorch.callbacks import Callback

from skyclass.config.training_sections import TrainingConfig
from skyclass.models.training_history import TrainingRound
from skyclass.training.history_recorder import HistoryRecorder

__all__ = ["EarlyStopping", "find_best_round", "should_stop"]


class EarlyStopping(Callback):
    """Stop a training whose validation figures no longer improve.

    Parameters
    ----------
    config
        Figure to monitor, patience and threshold.
    recorder
        Rounds so far; comes before this callback in the trainer's list.
    """

    def __init__(self, config: TrainingConfig, recorder: HistoryRecorder) -> None:
        self._config = config
        self._recorder = recorder

    def on_train_start(self, trainer: Any, _module: Any) -> None:
        """Stop at once if a resumed training had already reached its end."""
        trainer.should_stop = should_stop(self._recorder.rounds, self._config)

    def on_train_epoch_end(self, trainer: Any, _module: Any) -> None:
        """Stop after a round if patience has run out."""
        trainer.should_stop = should_stop(self._recorder.rounds, self._config)


def find_best_round(rounds: Sequence[TrainingRound], monitor: str) -> int:
    """Find the round with the lowest validation loss or the highest validation accuracy.

    Parameters
    ----------
    rounds
        Rounds so far, at least one.
    monitor
        `loss` or `accuracy`.

    Returns
    -------
    int
        Its number; the first of several equal ones.
    """
    values = [_penalty(one, monitor) for one in rounds]
    return values.index(min(values))


def should_stop(rounds: Sequence[TrainingRound], config: TrainingConfig) -> bool:
    """Check whether patience has run out.

    Parameters
    ----------
    rounds
        Rounds so far.
    config
        Figure to monitor, patience and threshold.

    Returns
    -------
    bool
        Whether `patience` rounds have passed since one that improved on all before it by more
        than the threshold.
    """
    best, waited = float("inf"), 0
    for one in rounds:
        value = _penalty(one, config.monitor)
        waited = 0 if value < best - config.threshold else waited + 1
        best = value if waited == 0 else best
    return waited >= config.patience


def _penalty(one: TrainingRound, monitor: str) -> float:
    """Select the monitored figure of a round, signed so that lower is better."""
    return one.validation_loss if monitor == "loss" else -one.validation_accuracy
