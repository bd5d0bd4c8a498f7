"""The learning-rate schedule: warm-up and decay over the steps of a training."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from skyclass.config.training_sections import TrainingConfig

__all__ = ["make_lr_schedule"]


def make_lr_schedule(optimizer: Optimizer, config: TrainingConfig, steps: int) -> LRScheduler:
    """Build the learning-rate schedule of an optimizer.

    Parameters
    ----------
    optimizer
        Its parameter groups hold their peak rates.
    config
        `one-cycle` (Smith & Topin 2019, SPIE 11006), `cosine` or `linear` to zero, or
        `constant`; the latter three after a linear warm-up.
    steps
        Optimizer steps of the whole training.

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler
        To be advanced after every step.
    """
    if config.schedule == "one-cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        # torch divides by the steps of the rise less one, which 0.2 of five steps would make zero
        rise = 0.3 if steps == 5 else 0.2
        return OneCycleLR(optimizer, peaks, total_steps=steps, pct_start=rise)
    warmup = round(config.warmup * steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if config.schedule == "constant":
            return 1.0
        done = (step - warmup) / max(1, steps - warmup)
        if config.schedule == "linear":
            return 1.0 - done
        return 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, factor)
