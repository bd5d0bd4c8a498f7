"""The figures of every round of a training, as `history.json` beside the weights holds them."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.errors import ModelError
from skyclass.files import atomic_path

__all__ = ["HISTORY_FILE", "TrainingHistory", "TrainingRound", "read_history", "write_history"]

HISTORY_FILE: Final = "history.json"


class TrainingRound(BaseModel):
    """The steps between two validations, and what they led to."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    epoch: int
    """Number of the round, from 0."""
    step: int
    """Optimizer steps done at its end."""
    train_loss: float
    """Mean loss over its batches."""
    train_accuracy: float
    """Share of its training objects that were classified correctly while it ran."""
    validation_loss: float
    """Mean cross-entropy of the validation objects."""
    validation_accuracy: float
    """Share of the validation objects that are classified correctly."""


class TrainingHistory(BaseModel):
    """All rounds of a training."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    epochs: tuple[TrainingRound, ...]
    """Rounds, at least one."""
    best_epoch: int
    """Number of the round whose weights were kept."""
    steps_per_epoch: int | None = None
    """Optimizer steps of a pass through the training objects; None in files that lack it."""
    validate_every: int | None = None
    """Optimizer steps of a round; None in files that lack it."""

    @property
    def best(self) -> TrainingRound:
        """Round whose weights were kept."""
        return self.epochs[self.best_epoch]


def read_history(directory: Path) -> TrainingHistory:
    """Read the history of a model.

    Parameters
    ----------
    directory
        Folder of a saved model.

    Returns
    -------
    TrainingHistory
        All rounds of its training.

    Raises
    ------
    ModelError
        If `history.json` is missing or invalid.
    """
    path = directory / HISTORY_FILE
    try:
        return TrainingHistory.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise ModelError(f"{path} is not a training history: {place}: {first['msg']}") from error


def write_history(history: TrainingHistory, directory: Path) -> None:
    """Write a history beside the weights of a model.

    Parameters
    ----------
    history
        All rounds.
    directory
        Folder of the model.
    """
    with atomic_path(directory / HISTORY_FILE) as partial:
        partial.write_text(history.model_dump_json(indent=1), encoding="utf-8")
