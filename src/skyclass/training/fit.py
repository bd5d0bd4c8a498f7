"""Do a job: train, keep the best weights, fit the temperature, write the model."""

import json
import logging
import warnings
from dataclasses import replace
from typing import Any, Final

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.strategies import DDPStrategy, Strategy
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import atomic_path
from skyclass.images.stored_cutouts import CutoutSplit, open_cutouts
from skyclass.models.build import build_classifier
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import save_model
from skyclass.progress import Progress
from skyclass.training.checkpoint_io import SafetensorsCheckpointIO
from skyclass.training.dataloader import make_loader
from skyclass.training.device import (
    choose_precision,
    explain_torch_errors,
    get_device,
    make_autocast,
)
from skyclass.training.early_stopping import Keeper
from skyclass.training.feature_cache import CachedFeatures
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
from skyclass.training.temperature import fit_temperature
from skyclass.training.training_curves import plot_training_curves

__all__ = ["fit", "make_module", "make_training_loader"]

_STORED_BATCH: Final = 256


def fit(job: TrainingJob, progress: Progress) -> None:
    """Train from where an earlier training stopped, and write the model.

    Parameters
    ----------
    job
        What to train; its folder `state` exists, and `features` is complete where it is given.
    progress
        Called after each round with the stage, rounds done, most rounds, and the round's figures.

    Raises
    ------
    TrainingError
        Where the loss is not finite, memory does not suffice or the network cannot be compiled.
    """
    _quiet()
    training, validation = (open_cutouts(job.cutouts)[s] for s in ("train", "validation"))
    with explain_torch_errors(job.config):
        module = make_module(job, training)
        keeper = Keeper(job.state, job.config, module.plan, progress)
        trainer = _trainer(job, module.plan, keeper)
        if job.config.devices * job.config.nodes > 1:
            synchronise_batch_norm(module, on_gpu=torch.cuda.is_available())
        batches = _stored_batches(job, validation, "validation", shared=True)
        _run(trainer, module, (make_training_loader(job, training, module.plan), batches), keeper)
        if trainer.is_global_zero:
            keeper.restore_best(module.kept)
            _set_temperature(job, module)
            _write(job, module.kept, keeper.history)


def make_module(job: TrainingJob, training: CutoutSplit) -> ClassifierModule:
    """Give a classifier with its first weights, ready to learn.

    Parameters
    ----------
    job
        What to train.
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


def make_training_loader(job: TrainingJob, training: CutoutSplit, plan: TrainingSteps) -> Any:
    """Give the batches of training objects.

    Parameters
    ----------
    job
        Its seed decides the order.
    training
        Its training objects.
    plan
        Steps of the training.

    Returns
    -------
    torch.utils.data.DataLoader
        Of the batches of a round.
    """
    config = job.config
    sampler = TrainingBatchSampler(
        training.label, plan, config.batch_size, config.imbalance, job.seed
    )
    return make_loader(training, sampler, _features(job, training, "train"), _columns(job, "train"))


def _stored_batches(job: TrainingJob, cutouts: CutoutSplit, split: str, *, shared: bool) -> Any:
    """Give the batches of a split in its stored order."""
    order = SequentialBatchSampler(len(cutouts), _STORED_BATCH, shared=shared)
    return make_loader(cutouts, order, _features(job, cutouts, split), _columns(job, split))


def _features(job: TrainingJob, cutouts: CutoutSplit, split: str) -> CachedFeatures | None:
    """Open the features of a split, where the job has them."""
    if job.features is None:
        return None
    return CachedFeatures(job.features, split, len(cutouts))


def _columns(job: TrainingJob, split: str) -> NDArray[np.float32] | None:
    """Read the columns of the catalogue, where the model has any."""
    return read_columns(job.spec.columns, job.cutouts, split)


def _trainer(job: TrainingJob, plan: TrainingSteps, keeper: Keeper) -> lightning.Trainer:
    """Set Lightning up, with nothing on the screen."""
    config = job.config
    settings = {"training": config.model_dump(), "model": job.spec.network, "seed": job.seed}
    callbacks: list[Callback] = [keeper]
    if job.logs is not None:
        callbacks.append(LearningRateMonitor("step"))
    return lightning.Trainer(
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=_strategy(config.devices * config.nodes),
        precision=choose_precision(config),
        max_epochs=plan.rounds,
        accumulate_grad_batches=plan.accumulate,
        logger=make_loggers(config.loggers, job.logs, settings) if job.logs else False,
        callbacks=callbacks,
        plugins=[SafetensorsCheckpointIO()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        use_distributed_sampler=False,
    )


def _strategy(processes: int) -> str | Strategy:
    """Say how several processes work together."""
    if processes == 1:
        return "auto"
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    # buffers are equal everywhere; sending them would wait for processes that validate less
    return DDPStrategy(process_group_backend=backend, broadcast_buffers=False)


def _run(
    trainer: lightning.Trainer, module: ClassifierModule, batches: tuple[Any, Any], keeper: Keeper
) -> None:
    """Train; an interruption is raised as such."""
    try:
        trainer.fit(module, *batches, ckpt_path=keeper.last)
    except SystemExit as error:
        # Lightning leaves that way where it is interrupted early
        raise KeyboardInterrupt from error
    if trainer.interrupted:
        raise KeyboardInterrupt


@torch.no_grad()
def _set_temperature(job: TrainingJob, module: ClassifierModule) -> None:
    """Fit the temperature of what is kept, on objects that were not learnt from."""
    try:
        split, cutouts = "calibration", open_cutouts(job.cutouts)["calibration"]
    except ImageError:
        split, cutouts = "validation", open_cutouts(job.cutouts)["validation"]
    module.to(get_device()).eval()
    parts = []
    for batch in _stored_batches(job, cutouts, split, shared=False):
        with make_autocast(job.config):
            moved = module.transfer_batch_to_device(batch, get_device(), 0)
            parts.append(module.logits(module.kept, moved).double().cpu().numpy())
    logits = np.concatenate(parts).reshape(len(cutouts), -1, len(job.spec.labels))
    temperature = fit_temperature(logits, cutouts.label)
    kept = module.kept
    kept.spec = replace(kept.spec, temperature=temperature, temperature_from=split)


def _write(job: TrainingJob, classifier: Classifier, history: dict[str, Any]) -> None:
    """Write the model, the story of its training, and its curves."""
    if job.logs is not None:
        plot_training_curves(history, job.logs / "training.png")
    with atomic_path(job.out, folder=True) as partial:
        save_model(classifier.cpu(), partial)
        text = json.dumps(history, indent=1)
        (partial / "history.json").write_text(text, encoding="utf-8")


def _quiet() -> None:
    """Keep Lightning's notices on hardware and data workers off the screen."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_float32_matmul_precision("high")
