"""Run a training job: train, keep the best weights, fit the temperature, write the model."""

import logging
import warnings
from dataclasses import dataclass, replace
from typing import Final

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.strategies import DDPStrategy, Strategy
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from skyclass.errors import ImageError
from skyclass.files import atomic_path
from skyclass.images.stored_cutouts import CutoutSplit, open_cutouts
from skyclass.models.build import build_classifier
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.saved_model import save_model
from skyclass.models.training_history import TrainingHistory, write_history
from skyclass.progress import Progress, Stage
from skyclass.training.best_checkpoint import BestCheckpoint
from skyclass.training.calibrate_head import calibrate
from skyclass.training.checkpoint_io import SafetensorsCheckpointIO
from skyclass.training.dataloader import Batch, make_loader
from skyclass.training.device import choose_precision, get_device, make_autocast
from skyclass.training.early_stopping import EarlyStopping, find_best_round
from skyclass.training.feature_cache import CachedFeatures
from skyclass.training.history_recorder import HistoryRecorder, RoundReporter
from skyclass.training.job import TrainingJob
from skyclass.training.lightning_module import ClassifierModule
from skyclass.training.loggers import make_loggers
from skyclass.training.sampler import (
    SequentialBatchSampler,
    TrainingBatchSampler,
    count_epoch_objects,
)
from skyclass.training.steps import TrainingSteps, compute_steps
from skyclass.training.sync_batchnorm import synchronise_batch_norm
from skyclass.training.torch_errors import explain_torch_errors
from skyclass.training.training_curves import write_training_curves

__all__ = ["fit", "make_module", "make_training_loader"]

_STORED_BATCH: Final = 256


@dataclass(frozen=True)
class _Callbacks:
    """What happens after each round, in this order: each reads what the ones before it did."""

    recorder: HistoryRecorder
    checkpoint: BestCheckpoint
    stopping: EarlyStopping
    reporter: RoundReporter


def fit(job: TrainingJob, progress: Progress) -> None:
    """Train from the last checkpoint, if there is one, and write the model.

    Parameters
    ----------
    job
        Training to run; its folder `state` exists, and `features`, if set, is complete.
    progress
        Called after each round with the stage, rounds done, most rounds, and the round's figures.

    Raises
    ------
    TrainingError
        If the loss is not finite, memory runs out or the network cannot be compiled.
    """
    _silence_lightning()
    training, validation = (open_cutouts(job.cutouts)[s] for s in ("train", "validation"))
    with explain_torch_errors(job.config):
        module = make_module(job, training)
        callbacks = _make_callbacks(job, module.steps, progress)
        trainer = _make_trainer(job, module.steps, callbacks)
        if trainer.is_global_zero and (head := module.classifier.spec.head_origin):
            progress(Stage.TRAINING, 0, module.steps.rounds, f"head {head}")
        if job.config.devices * job.config.nodes > 1:
            synchronise_batch_norm(module, on_gpu=torch.cuda.is_available())
        loaders = (
            make_training_loader(job, training, module.steps),
            _make_sequential_loader(job, validation, "validation", shared=True),
        )
        _run_trainer(trainer, module, loaders, callbacks.checkpoint)
        if trainer.is_global_zero:
            callbacks.checkpoint.restore_best(module.kept)
            _calibrate(job, module)
            history = _make_history(job, module.steps, callbacks.recorder)
            _write_model(job, module.kept, history)


def make_module(job: TrainingJob, training: CutoutSplit) -> ClassifierModule:
    """Create a classifier with its initial weights, ready to be trained.

    Parameters
    ----------
    job
        Training to run.
    training
        Its training objects.

    Returns
    -------
    ClassifierModule
        With the same weights for the same seed.
    """
    lightning.seed_everything(job.seed, verbose=False)
    counts = np.bincount(training.label, minlength=len(job.spec.labels))
    return ClassifierModule(
        build_classifier(job.spec),
        job.config,
        job.augmentation,
        compute_steps(count_epoch_objects(training.label, job.config.imbalance), job.config),
        counts=torch.from_numpy(counts),
        names=training.column("objid"),
        seed=job.seed,
        frozen=job.spec.frozen,
    )


def make_training_loader(
    job: TrainingJob, training: CutoutSplit, steps: TrainingSteps
) -> DataLoader[Batch]:
    """Create the data loader of the training objects.

    Parameters
    ----------
    job
        Its seed decides the order.
    training
        Its training objects.
    steps
        Steps of the training.

    Returns
    -------
    torch.utils.data.DataLoader
        Yields the batches of a round.
    """
    config = job.config
    sampler = TrainingBatchSampler(
        training.label, steps, config.batch_size, config.imbalance, job.seed
    )
    return _make_loader(job, training, "train", sampler)


def _make_sequential_loader(
    job: TrainingJob, cutouts: CutoutSplit, split: str, *, shared: bool
) -> DataLoader[Batch]:
    """Create the data loader of a split in its stored order."""
    sampler = SequentialBatchSampler(len(cutouts), _STORED_BATCH, shared=shared)
    return _make_loader(job, cutouts, split, sampler)


def _make_loader(
    job: TrainingJob, cutouts: CutoutSplit, split: str, sampler: Sampler[NDArray[np.int64]]
) -> DataLoader[Batch]:
    """Create the data loader of a split, with everything that the model takes."""
    return make_loader(
        cutouts,
        sampler,
        _open_features(job, cutouts, split),
        read_columns(job.spec.columns, job.cutouts, split),
        read_measured_inputs(job.spec, job.cutouts, split),
    )


def _open_features(job: TrainingJob, cutouts: CutoutSplit, split: str) -> CachedFeatures | None:
    """Open the cached features of a split, if the job has them."""
    if job.features is None:
        return None
    return CachedFeatures(job.features, split, len(cutouts))


def _make_callbacks(job: TrainingJob, steps: TrainingSteps, progress: Progress) -> _Callbacks:
    """Create what happens after each round."""
    recorder = HistoryRecorder(steps)
    return _Callbacks(
        recorder,
        BestCheckpoint(job.state, job.config.monitor, recorder),
        EarlyStopping(job.config, recorder),
        RoundReporter(recorder, steps.rounds, progress),
    )


def _make_trainer(
    job: TrainingJob, steps: TrainingSteps, callbacks: _Callbacks
) -> lightning.Trainer:
    """Create Lightning's trainer, which prints nothing."""
    config = job.config
    settings = {"training": config.model_dump(), "model": job.spec.network, "seed": job.seed}
    in_order: list[Callback] = list(vars(callbacks).values())
    if job.logs is not None:
        in_order.append(LearningRateMonitor("step"))
    return lightning.Trainer(
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=_make_strategy(config.devices * config.nodes),
        precision=choose_precision(config),
        max_epochs=steps.rounds,
        accumulate_grad_batches=steps.accumulate,
        logger=make_loggers(config.loggers, job.logs, settings) if job.logs else False,
        callbacks=in_order,
        plugins=[SafetensorsCheckpointIO()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        use_distributed_sampler=False,
    )


def _make_strategy(processes: int) -> str | Strategy:
    """Choose how several processes work together."""
    if processes == 1:
        return "auto"
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    # buffers are equal everywhere; sending them would wait for processes that validate less
    return DDPStrategy(process_group_backend=backend, broadcast_buffers=False)


def _run_trainer(
    trainer: lightning.Trainer,
    module: ClassifierModule,
    loaders: tuple[DataLoader[Batch], DataLoader[Batch]],
    checkpoint: BestCheckpoint,
) -> None:
    """Train and validate; raise an interruption as such."""
    try:
        trainer.fit(module, *loaders, ckpt_path=checkpoint.last)
    except SystemExit as error:
        # Lightning exits this way if it is interrupted early
        raise KeyboardInterrupt from error
    if trainer.interrupted:
        raise KeyboardInterrupt


@torch.no_grad()
def _calibrate(job: TrainingJob, module: ClassifierModule) -> None:
    """Fit the weight of the picture and the temperature, on objects not trained on."""
    try:
        split, cutouts = "calibration", open_cutouts(job.cutouts)["calibration"]
    except ImageError:
        split, cutouts = "validation", open_cutouts(job.cutouts)["validation"]
    module.to(get_device()).eval()
    parts = []
    for batch in _make_sequential_loader(job, cutouts, split, shared=False):
        with make_autocast(job.config):
            moved = module.transfer_batch_to_device(batch, get_device(), 0)
            parts.append(module.compute_features(module.kept, moved).float())
    kept = module.kept
    temperature = calibrate(kept.head, torch.cat(parts), cutouts.label)
    kept.spec = replace(kept.spec, temperature=temperature, temperature_from=split)


def _make_history(
    job: TrainingJob, steps: TrainingSteps, recorder: HistoryRecorder
) -> TrainingHistory:
    """Assemble the history of a training that has ended."""
    return TrainingHistory(
        epochs=tuple(recorder.rounds),
        best_epoch=find_best_round(recorder.rounds, job.config.monitor),
        steps_per_epoch=steps.per_epoch,
        validate_every=steps.per_round,
    )


def _write_model(job: TrainingJob, classifier: Classifier, history: TrainingHistory) -> None:
    """Write the model, the history of its training, and its curves."""
    if job.logs is not None:
        write_training_curves(history, job.logs / "training.png")
    with atomic_path(job.out, folder=True) as partial:
        save_model(classifier.cpu(), partial, onnx=job.onnx)
        write_history(history, partial)


def _silence_lightning() -> None:
    """Keep Lightning's notices on hardware and data workers off the screen."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_float32_matmul_precision("high")
