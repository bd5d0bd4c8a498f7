"""Keep the best weights of a training on disk, and the checkpoint it is resumed from."""

from pathlib import Path
from typing import Any, Final

from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file, save

from skyclass.files import atomic_path
from skyclass.models.classifier import Classifier
from skyclass.training.early_stopping import find_best_round
from skyclass.training.history_recorder import HistoryRecorder

__all__ = ["BestCheckpoint"]

_BEST: Final = "best.safetensors"
_LAST: Final = "last.safetensors"


class BestCheckpoint(Callback):
    """Write the best weights and the last checkpoint after every round.

    Parameters
    ----------
    folder
        Where both files are kept.
    monitor
        `loss` or `accuracy`: which round is the best.
    recorder
        Rounds so far; comes before this callback in the trainer's list.
    """

    def __init__(self, folder: Path, monitor: str, recorder: HistoryRecorder) -> None:
        self._folder = folder
        self._monitor = monitor
        self._recorder = recorder

    @property
    def last(self) -> Path | None:
        """Checkpoint that an interrupted training left."""
        path = self._folder / _LAST
        return path if path.exists() else None

    def restore_best(self, classifier: Classifier) -> None:
        """Load the best weights into a classifier; weights not among them never changed."""
        classifier.load_state_dict(load_file(self._folder / _BEST), strict=False)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Write the weights of a round if they are the best, then the checkpoint."""
        best = find_best_round(self._recorder.rounds, self._monitor)
        if trainer.is_global_zero and best == trainer.current_epoch:
            with atomic_path(self._folder / _BEST) as partial:
                partial.write_bytes(save(module.select_trained(module.kept.state_dict())))
        trainer.save_checkpoint(self._folder / _LAST)
