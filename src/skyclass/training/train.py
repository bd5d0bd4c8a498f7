"""Train a classifier; interrupted, the next call goes on from the last whole epoch."""

import json
import logging
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from skyclass.config import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.files import atomic_path, make_directory
from skyclass.images import open_cutouts
from skyclass.models import Classifier, ModelSpec, load, save
from skyclass.training.checkpoint import SafetensorsCheckpointIO
from skyclass.training.data import loader
from skyclass.training.module import ClassifierModule

__all__ = ["train"]

_ENDING: Final = ".safetensors"
_VALIDATION_BATCH: Final = 256


def train(
    cutouts: Path,
    spec: ModelSpec,
    config: TrainingConfig,
    out: Path,
    *,
    augmentation: AugmentationConfig | None = None,
    seed: int = 1,
    logs: Path | None = None,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> Classifier:
    """Train on the training split and keep the weights with the lowest validation loss.

    Parameters
    ----------
    cutouts
        Folder that `skyclass.images.make_cutouts` wrote.
    spec
        What to train.
    config
        How to train.
    out
        Folder to write the model into: weights, configuration, `history.json`.
    augmentation
        How training objects are changed; turned and mirrored by default.
    seed
        Seed of the weights' start, of the order of training and of the changes.
    logs
        Folder for TensorBoard's log; none by default.
    progress
        Called after each epoch with epochs done, most epochs, and the epoch's figures.

    Returns
    -------
    skyclass.models.Classifier
        With the best weights.

    Raises
    ------
    TrainingError
        Where there are fewer training objects than a batch holds, or the loss is not finite.
    """
    training, validation = (open_cutouts(cutouts, split) for split in ("train", "validation"))
    _check_batch(len(training), config.batch_size)
    state = make_directory(out.with_name(f"{out.name}.training"))
    _quiet()
    lightning.seed_everything(seed, verbose=False)
    module = ClassifierModule(Classifier(spec), config, augmentation or AugmentationConfig(), seed)
    history, best = _History(config.epochs, progress), _best_checkpoint(state)
    trainer = _trainer(config, logs, history, best)
    batches = loader(training, config.batch_size, seed), loader(validation, _VALIDATION_BATCH, None)
    _fit(trainer, module, batches, state)
    _restore_best(module, best)
    _save(module.classifier, history, out)
    shutil.rmtree(state, ignore_errors=True)
    return load(out)


def _fit(trainer: Any, module: ClassifierModule, batches: tuple[Any, Any], state: Path) -> None:
    """Train from where an earlier training stopped; an interruption is raised as such."""
    try:
        trainer.fit(module, *batches, ckpt_path=_last_checkpoint(state))
    except SystemExit as error:
        # Lightning leaves that way where it is interrupted early
        raise KeyboardInterrupt from error
    if trainer.interrupted:
        raise KeyboardInterrupt


def _last_checkpoint(state: Path) -> str | None:
    """Name the checkpoint that an interrupted training left."""
    last = state / f"last{_ENDING}"
    return str(last) if last.exists() else None


def _save(classifier: Classifier, history: "_History", out: Path) -> None:
    """Write the model and the story of its training."""
    with atomic_path(out, folder=True) as partial:
        save(classifier, partial)
        text = json.dumps(history.summary(), indent=1)
        (partial / "history.json").write_text(text, encoding="utf-8")


def _check_batch(count: int, batch_size: int) -> None:
    """Refuse a batch that the training objects do not fill."""
    if count < batch_size:
        raise TrainingError(
            f"{count} training objects do not fill a batch of {batch_size};"
            " lower training.batch_size"
        )


def _trainer(
    config: TrainingConfig, logs: Path | None, history: "_History", best: ModelCheckpoint
) -> lightning.Trainer:
    """Set Lightning up: one device, early stopping, and nothing on the screen."""
    return lightning.Trainer(
        accelerator="auto",
        devices=1,
        max_epochs=config.epochs,
        logger=TensorBoardLogger(logs, name="", version="") if logs else False,
        callbacks=[history, best, EarlyStopping("validation_loss", patience=config.patience)],
        plugins=[SafetensorsCheckpointIO()],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )


def _best_checkpoint(state: Path) -> ModelCheckpoint:
    """Keep the best and the last epoch on disk."""
    checkpoint = ModelCheckpoint(
        state,
        "best",
        monitor="validation_loss",
        save_last=True,
        enable_version_counter=False,
    )
    checkpoint.FILE_EXTENSION = _ENDING
    return checkpoint


def _restore_best(module: ClassifierModule, best: ModelCheckpoint) -> None:
    """Put the best epoch's weights back into the module."""
    weights = SafetensorsCheckpointIO().load_checkpoint(best.best_model_path)["state_dict"]
    module.load_state_dict(weights)


class _History(Callback):
    """Remember every epoch's figures, also over an interruption."""

    def __init__(
        self, most: int, progress: Callable[[int, int, dict[str, float]], None] | None
    ) -> None:
        self._most = most
        self._progress = progress
        self._epochs: list[dict[str, float]] = []

    def on_train_epoch_start(self, trainer: Any, _module: Any) -> None:
        """Forget an epoch that is being repeated after an interruption."""
        del self._epochs[trainer.current_epoch :]

    def on_validation_end(self, trainer: Any, _module: Any) -> None:
        """Record the epoch before the checkpoint is written, so that it travels with it."""
        self._epochs.append(
            {
                "epoch": trainer.current_epoch,
                **{
                    name: float(value)
                    for name, value in trainer.callback_metrics.items()
                    if name in {"validation_loss", "validation_accuracy"}
                },
            }
        )

    def on_train_epoch_end(self, trainer: Any, _module: Any) -> None:
        """Add the training loss, known only now, and tell the caller."""
        self._epochs[-1]["train_loss"] = float(trainer.callback_metrics["train_loss"])
        if self._progress is not None:
            self._progress(len(self._epochs), self._most, self._epochs[-1])

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint keeps."""
        return {"epochs": self._epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what a checkpoint kept."""
        self._epochs = list(state_dict["epochs"])

    def summary(self) -> dict[str, Any]:
        """Give all epochs and the best one's number."""
        best = min(self._epochs, key=lambda epoch: epoch["validation_loss"])
        return {"epochs": self._epochs, "best_epoch": int(best["epoch"])}


def _quiet() -> None:
    """Keep Lightning's notices on hardware and data workers off the screen."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_float32_matmul_precision("high")
