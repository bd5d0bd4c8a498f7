"""Optimizers, the learning rate's course over the steps, and its course over the layers."""

import math
from collections import defaultdict
from typing import Any

import torch
from timm.models import group_parameters
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from skyclass.config.training_sections import TrainingConfig

__all__ = ["assign_layer_depths", "make_lr_schedule", "make_optimizer"]


def make_optimizer(network: nn.Module, config: TrainingConfig) -> Optimizer:
    """Give the optimizer of those weights of a network that are to be learnt.

    Parameters
    ----------
    network
        With an attribute `head`.
    config
        Optimizer, learning rate, weight decay and layer decay.

    Returns
    -------
    torch.optim.Optimizer
        Weight decay is for tensors of more than one axis: biases and the scales of normalisations
        are left alone, as is usual (timm and Hugging Face do so).
    """
    groups = _groups(network, config)
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, config.learning_rate)
    return torch.optim.AdamW(groups, config.learning_rate)


def _groups(network: nn.Module, config: TrainingConfig) -> list[dict[str, Any]]:
    """Divide the weights by their learning rate and weight decay."""
    depths = assign_layer_depths(network)
    deepest = max(depths.values())
    groups = defaultdict(list)
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            above = deepest - depths[name]
            groups[config.layer_decay**above, weight.ndim > 1].append(weight)
    # Adam would add an L2 term to the loss
    decay = config.weight_decay if config.optimizer == "adamw" else 0.0
    return [
        {
            "params": weights,
            "lr": config.learning_rate * share,
            "weight_decay": decay if is_decayed else 0.0,
        }
        for (share, is_decayed), weights in groups.items()
    ]


def assign_layer_depths(network: nn.Module) -> dict[str, int]:
    """Give the layer that each weight belongs to, counted from the input.

    Parameters
    ----------
    network
        With an attribute `head`, which is the deepest layer. The layers of a model of timm are
        those of its `group_matcher`, those of another network the parts of its sequences.

    Returns
    -------
    dict
        By the names of `network.named_parameters`.
    """
    depths: dict[str, int] = {}
    for prefix, module in network.named_modules():
        if hasattr(module, "group_matcher"):
            found = group_parameters(module, module.group_matcher(coarse=False), reverse=True)
            depths |= {f"{prefix}.{name}".lstrip("."): depth for name, depth in found.items()}
            break
    last = max(depths.values(), default=-1)
    layers: dict[str, int] = {}
    for name, _ in network.named_parameters():
        if name not in depths and not name.startswith("head."):
            layer = ".".join(name.split(".")[:2])
            depths[name] = layers.setdefault(layer, last + 1 + len(layers))
    deepest = max(depths.values(), default=-1) + 1
    return depths | {n: deepest for n, _ in network.named_parameters() if n.startswith("head.")}


def make_lr_schedule(optimizer: Optimizer, config: TrainingConfig, steps: int) -> LRScheduler:
    """Give the course of the learning rate.

    Parameters
    ----------
    optimizer
        Whose groups hold their peak rates.
    config
        `one-cycle` (Smith & Topin 2019, SPIE 11006), `cosine` or `linear` to zero, or
        `constant`; the latter three after a linear warm-up.
    steps
        Of the whole training.

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler
        To be moved on after every step.
    """
    if config.schedule == "one-cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        return OneCycleLR(optimizer, peaks, total_steps=steps, pct_start=0.2)
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
