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
from skyclass.images.stored_cutouts import StoredCutouts, open_cutouts
from skyclass.models.build import start
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import save
from skyclass.training.checkpoint_io import SafetensorsCheckpointIO
from skyclass.training.dataloader import loader
from skyclass.training.device import autocast, device, explained, precision_of
from skyclass.training.early_stopping import Keeper, Tell
from skyclass.training.job import Job
from skyclass.training.lightning_module import ClassifierModule
from skyclass.training.loggers import make_loggers
from skyclass.training.sampler import StoredOrder, TrainingOrder, epoch_length
from skyclass.training.steps import StepPlan, plan_steps
from skyclass.training.stored_features import StoredFeatures
from skyclass.training.sync_batchnorm import share_batch_norm
from skyclass.training.temperature import fit_temperature
from skyclass.training.training_curves import draw_training

__all__ = ["fit", "make_module", "training_batches"]

_STORED_BATCH: Final = 256


def fit(job: Job, tell: Tell | None) -> None:
    """Train from where an earlier training stopped, and write the model.

    Parameters
    ----------
    job
        What to train; its folder `state` exists, and `features` is complete where it is given.
    tell
        Called after each round with rounds done, most rounds, and the round's figures.

    Raises
    ------
    TrainingError
        Where the loss is not finite, memory does not suffice or the network cannot be compiled.
    """
    _quiet()
    training, validation = (open_cutouts(job.cutouts, s) for s in ("train", "validation"))
    with explained(job.config):
        module = make_module(job, training)
        keeper = Keeper(job.state, job.config, module.plan, tell)
        trainer = _trainer(job, module.plan, keeper)
        if job.config.devices * job.config.nodes > 1:
            share_batch_norm(module, on_gpu=torch.cuda.is_available())
        batches = _stored_batches(job, validation, "validation", shared=True)
        _run(trainer, module, (training_batches(job, training, module.plan), batches), keeper)
        if trainer.is_global_zero:
            keeper.restore_best(module.kept)
            _set_temperature(job, module)
            _write(job, module.kept, keeper.history)


def make_module(job: Job, training: StoredCutouts) -> ClassifierModule:
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
        start(job.spec),
        job.config,
        job.augmentation,
        plan_steps(epoch_length(training.label, job.config.imbalance), job.config),
        counts=torch.from_numpy(counts),
        names=training.column("objid"),
        seed=job.seed,
        frozen=job.spec.frozen,
    )


def training_batches(job: Job, training: StoredCutouts, plan: StepPlan) -> Any:
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
    order = TrainingOrder(training.label, plan, config.batch_size, config.imbalance, job.seed)
    return loader(training, order, _features(job, training, "train"), _columns(job, "train"))


def _stored_batches(job: Job, cutouts: StoredCutouts, split: str, *, shared: bool) -> Any:
    """Give the batches of a split in its stored order."""
    order = StoredOrder(len(cutouts), _STORED_BATCH, shared=shared)
    return loader(cutouts, order, _features(job, cutouts, split), _columns(job, split))


def _features(job: Job, cutouts: StoredCutouts, split: str) -> StoredFeatures | None:
    """Open the features of a split, where the job has them."""
    if job.features is None:
        return None
    return StoredFeatures(job.features, split, len(cutouts))


def _columns(job: Job, split: str) -> NDArray[np.float32] | None:
    """Read the columns of the catalogue, where the model has any."""
    return read_columns(job.spec.columns, job.cutouts, split)


def _trainer(job: Job, plan: StepPlan, keeper: Keeper) -> lightning.Trainer:
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
        precision=precision_of(config),
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
def _set_temperature(job: Job, module: ClassifierModule) -> None:
    """Fit the temperature of what is kept, on objects that were not learnt from."""
    try:
        split, cutouts = "calibration", open_cutouts(job.cutouts, "calibration")
    except ImageError:
        split, cutouts = "validation", open_cutouts(job.cutouts, "validation")
    module.to(device()).eval()
    parts = []
    for batch in _stored_batches(job, cutouts, split, shared=False):
        with autocast(job.config):
            moved = module.transfer_batch_to_device(batch, device(), 0)
            parts.append(module.logits(module.kept, moved).double().cpu().numpy())
    logits = np.concatenate(parts).reshape(len(cutouts), -1, len(job.spec.labels))
    temperature = fit_temperature(logits, cutouts.label)
    kept = module.kept
    kept.spec = replace(kept.spec, temperature=temperature, temperature_from=split)


def _write(job: Job, classifier: Classifier, history: dict[str, Any]) -> None:
    """Write the model, the story of its training, and its curves."""
    if job.logs is not None:
        draw_training(history, job.logs / "training.png")
    with atomic_path(job.out, folder=True) as partial:
        save(classifier.cpu(), partial)
        text = json.dumps(history, indent=1)
        (partial / "history.json").write_text(text, encoding="utf-8")


def _quiet() -> None:
    """Keep Lightning's notices on hardware and data workers off the screen."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_float32_matmul_precision("high")
