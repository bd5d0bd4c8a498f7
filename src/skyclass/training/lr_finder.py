"""Find a learning rate: raise it step by step and look where the loss falls fastest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.errors import TrainingError
from skyclass.files import atomic_path
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.models.model_spec import ModelSpec
from skyclass.training.device import get_device, make_autocast
from skyclass.training.fit import make_module, make_training_loader
from skyclass.training.job import TrainingJob
from skyclass.training.optimizer import make_optimizer
from skyclass.training.sampler import TrainingBatchSampler
from skyclass.training.torch_errors import explain_torch_errors

__all__ = ["LearningRateSweep", "find_learning_rate", "plot_learning_rate_sweep"]

_LOWEST: Final = 1e-7
_HIGHEST: Final = 1.0
_MEMORY: Final = 0.9
"""Share of the running mean of the loss that is kept from step to step."""
_DIVERGED: Final = 4.0
"""Ratio to the lowest loss so far at which the sweep ends."""


@dataclass(frozen=True)
class LearningRateSweep:
    """Loss against learning rate."""

    rates: NDArray[np.float64]
    """Learning rates, ascending, `[step]`."""
    losses: NDArray[np.float64]
    """Running mean of the loss, `[step]`."""

    @property
    def suggestion(self) -> float:
        """Rate at which the loss falls most steeply with the rate's logarithm.

        Raises
        ------
        TrainingError
            If the loss never falls.
        """
        # the first values of a running mean are those of few batches
        first = min(10, len(self.rates) // 4)
        slope = np.diff(self.losses)[first:]
        if len(slope) == 0 or slope.min() >= 0:
            raise TrainingError("the loss falls at no learning rate; check the image type first")
        # the rates are evenly spaced in the logarithm
        return float(self.rates[first + int(slope.argmin())])


def find_learning_rate(
    cutouts: Path,
    spec: ModelSpec,
    config: TrainingConfig,
    *,
    augmentation: AugmentationConfig | None = None,
    seed: int = 1,
    steps: int = 100,
) -> LearningRateSweep:
    """Train while the learning rate rises from 1e-7 to 1 (Smith 2017, WACV, arXiv:1506.01186).

    Parameters
    ----------
    cutouts
        Folder of cutouts.
    spec, config, augmentation, seed
        As for `skyclass.training.train_classifier.train_classifier`; nothing is written.
    steps
        Steps at most: the sweep ends early once the loss is four times its lowest value.

    Returns
    -------
    LearningRateSweep
        Loss against learning rate.

    Raises
    ------
    TrainingError
        As `skyclass.training.train_classifier.train_classifier` does.
    """
    # enough epochs for all steps, each a batch
    changes = {"epochs": steps, "validate_every": None, "accumulate": 1, "compile": False}
    config = config.model_copy(update=changes)
    job = TrainingJob(
        cutouts=cutouts,
        fingerprint=read_info(cutouts).identity,
        state=cutouts,
        out=cutouts,
        spec=spec,
        config=config,
        augmentation=augmentation or AugmentationConfig(),
        seed=seed,
        logs=None,
        features=None,
    )
    with explain_torch_errors(config):
        return _sweep(job, steps)


def _sweep(job: TrainingJob, steps: int) -> LearningRateSweep:
    """Raise the rate after every batch of the training objects."""
    training = open_cutouts(job.cutouts)["train"]
    module = make_module(job, training).to(get_device())
    loader = make_training_loader(job, training, module.steps)
    sampler = cast(TrainingBatchSampler, loader.sampler)
    optimizer = make_optimizer(module.classifier.network, job.config)
    peaks = [group["lr"] / job.config.learning_rate for group in optimizer.param_groups]
    rates, losses, mean = np.geomspace(_LOWEST, _HIGHEST, steps), list[float](), 0.0
    for step, rate in enumerate(rates):
        if step % len(loader) == 0:
            sampler.set_epoch(step // len(loader))
            batches = iter(loader)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = rate * peak
        batch = module.transfer_batch_to_device(next(batches), get_device(), 0)
        with make_autocast(job.config):
            loss, _ = module.compute_loss(batch, step)
        mean = _MEMORY * mean + (1 - _MEMORY) * loss.item()
        losses.append(mean / (1 - _MEMORY ** (step + 1)))
        if not losses[-1] < _DIVERGED * min(losses):
            break
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return LearningRateSweep(rates[: len(losses)], np.array(losses))


def plot_learning_rate_sweep(sweep: LearningRateSweep, path: Path) -> None:
    """Plot the loss against the learning rate.

    Parameters
    ----------
    sweep
        Result of `find_learning_rate`.
    path
        PNG file to write or replace.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.semilogx(sweep.rates, sweep.losses)
    axes.axvline(sweep.suggestion, color="grey", linestyle="--", label=f"{sweep.suggestion:.1e}")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss (running mean)")
    axes.legend(title="steepest fall")
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
