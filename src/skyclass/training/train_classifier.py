"""Train a classifier; after an interruption the same call resumes from the last validation."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import lightning
import torch

from skyclass.cache import Cache
from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.files import AnyPath, make_directory
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.models.build import build_classifier
from skyclass.models.catalog_columns import read_columns
from skyclass.models.classifier import Classifier
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import load_model
from skyclass.progress import Progress, no_progress
from skyclass.training.check_class_counts import check_class_counts
from skyclass.training.device import choose_precision, get_device, make_autocast
from skyclass.training.distributed import fit_in_processes, format_launch_command
from skyclass.training.feature_cache import cache_features, hash_feature_inputs
from skyclass.training.fit import fit
from skyclass.training.job import TrainingJob, write_job
from skyclass.training.loggers import check_loggers
from skyclass.training.torch_errors import explain_torch_errors

__all__ = ["check_training", "train_classifier"]

_SPLITS: Final = ("train", "validation", "calibration")
"""Splits that training reads; there need not be the last."""


def train_classifier(
    cutouts: AnyPath,
    spec: ModelSpec,
    config: TrainingConfig,
    out: AnyPath,
    *,
    augmentation: AugmentationConfig | None = None,
    seed: int = 1,
    logs: AnyPath | None = None,
    cache: Cache | None = None,
    onnx: bool = True,
    progress: Progress = no_progress,
) -> Classifier:
    """Train on the training split and keep the weights that are best on the validation split.

    Parameters
    ----------
    cutouts
        Folder that `skyclass.images.make_cutouts.make_cutouts` wrote.
    spec
        Model to train. The features of a frozen backbone are cached, if nothing changes objects at
        random.
    config
        Settings of the training.
    out
        Folder to write the model into: weights, configuration, `history.json`.
    augmentation
        Random changes of the training objects; rotated by 90 degrees and mirrored by default.
    seed
        Seed of the initial weights, of the order of objects and of their changes.
    logs
        Folder of TensorBoard's log and `training.png`; none by default.
    cache
        Where features are kept: by default in the folder `features` beside the cutouts.
    onnx
        Whether to write `model.onnx` with the model, which takes seconds.
    progress
        Called after each validation with the stage, validations done, most validations, and the
        figures (`skyclass.progress.Progress`).

    Returns
    -------
    skyclass.models.classifier.Classifier
        With the best weights, and a temperature fitted on the calibration split, or on the
        validation split if there is none.

    Raises
    ------
    TrainingError
        If there are fewer training objects than a batch holds, a class has no objects to train
        on or to validate with, the loss is not finite, memory runs out, or settings contradict
        each other.

    Examples
    --------
    Train a model like another one, on its objects, for a single epoch:

    >>> from skyclass import load_model
    >>> from skyclass.config.training_sections import TrainingConfig
    >>> spec = load_model("model").spec
    >>> train_classifier("cutouts", spec, TrainingConfig(epochs=1), "retrained", seed=2)
    Classifier(spectral-class: hot cool; sdss, simulated; compact on ugriz; validation accuracy ...)
    """
    cutouts, out, logs = Path(cutouts), Path(out), None if logs is None else Path(logs)
    augmentation = augmentation or AugmentationConfig()
    check_training(config, augmentation)
    stored = open_cutouts(cutouts)
    codes = {name: stored[name].label for name in ("train", "validation")}
    check_class_counts(spec.labels, codes, config)
    state = out.with_name(f"{out.name}.training").absolute()
    job = TrainingJob(
        cutouts=cutouts.absolute(),
        fingerprint=read_info(cutouts).identity,
        state=state,
        out=state / "trained" if config.nodes > 1 else out.absolute(),
        spec=replace(spec, imbalance=config.imbalance),
        config=config,
        augmentation=augmentation,
        seed=seed,
        logs=None if logs is None else logs.absolute(),
        features=None,
        onnx=onnx,
    )
    if spec.frozen and config.cache_features and not any(augmentation.model_dump().values()):
        # where cutouts are shared by several experiments, so are features
        job = _add_features(job, cache or Cache(job.cutouts.resolve().parent), progress)
    _run_job(job, progress)
    if job.out != out.absolute():
        job.out.replace(out)
    shutil.rmtree(state, ignore_errors=True)
    return load_model(out)


def _run_job(job: TrainingJob, progress: Progress) -> None:
    """Run a job in this process or in others, resuming what another call began."""
    path = job.state / "job.json"
    if not path.exists() or path.read_text(encoding="utf-8") != job.json:
        shutil.rmtree(job.state, ignore_errors=True)
        make_directory(job.state)
        write_job(job, path)
    if job.config.nodes > 1:
        if not job.out.exists():
            raise TrainingError(
                f"training.nodes = {job.config.nodes}: start"
                f" `{format_launch_command(job, path)}` on each machine, then the same command"
                " again"
            )
    elif job.config.devices > 1:
        fit_in_processes(job, path, progress)
    else:
        fit(job, progress)


def check_training(config: TrainingConfig, augmentation: AugmentationConfig) -> None:
    """Check the settings of a training before any work.

    Parameters
    ----------
    config
        Settings of the training.
    augmentation
        Random changes of the training objects.

    Raises
    ------
    TrainingError
        If a logger is not installed, there are fewer GPUs than processes, objects would be
        repeated unchanged, or batches cannot be divided among the processes.
    """
    check_loggers(config.loggers)
    gpus = torch.cuda.device_count()
    if config.nodes == 1 and 0 < gpus < config.devices:
        raise TrainingError(
            f"training.devices = {config.devices}, but this machine has {gpus} GPU(s); lower it"
        )
    if config.imbalance == "oversample" and not any(augmentation.model_dump().values()):
        raise TrainingError(
            'training.imbalance = "oversample" repeats objects, which only helps if they are'
            " changed: set augmentation.turn = true"
        )
    processes = config.devices * config.nodes
    if config.batch_size % processes:
        raise TrainingError(
            f"training.batch_size = {config.batch_size} cannot be divided among {processes}"
            " processes; make it a multiple of them"
        )


def _add_features(job: TrainingJob, cache: Cache, progress: Progress) -> TrainingJob:
    """Add the features of a frozen backbone to a job, computed unless they are cached."""
    lightning.seed_everything(job.seed, verbose=False)
    classifier = build_classifier(job.spec)
    splits = [name for name in open_cutouts(job.cutouts) if name in _SPLITS]
    parts = [
        part
        for split in splits
        for part in (
            read_columns(job.spec.columns, job.cutouts, split),
            read_measured_inputs(job.spec, job.cutouts, split),
        )
        if part is not None
    ]
    key = hash_feature_inputs(classifier, job.fingerprint, choose_precision(job.config), parts)
    made_from = {"network": job.spec.network, "images": job.spec.image_type}
    with cache.open_entry("features", key, made_from) as entry:
        if not entry.is_complete:
            classifier.to(get_device())
            _compute_features(job, classifier, splits, entry.path, progress)
            entry.finish()
    return replace(job, features=entry.path)


def _compute_features(
    job: TrainingJob,
    classifier: Classifier,
    splits: Sequence[str],
    folder: Path,
    progress: Progress,
) -> None:
    """Compute the features of all splits that training needs."""
    make_context, stored = partial(make_autocast, job.config), open_cutouts(job.cutouts)
    for split in splits:
        columns = read_columns(job.spec.columns, job.cutouts, split)
        measured = read_measured_inputs(job.spec, job.cutouts, split)
        with explain_torch_errors(job.config):
            cache_features(
                classifier, stored[split], folder, split, make_context, columns, measured, progress
            )
