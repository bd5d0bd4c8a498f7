"""Optimizers, with learning rates that may decay from layer to layer."""

from collections import defaultdict
from typing import TypedDict

import torch
from timm.models import group_parameters
from torch import nn
from torch.optim import Optimizer

from skyclass.config.training_sections import TrainingConfig

__all__ = ["assign_layer_depths", "make_optimizer"]


class _ParameterGroup(TypedDict):
    """Weights that share a learning rate and a weight decay."""

    params: list[nn.Parameter]
    lr: float
    weight_decay: float


def make_optimizer(network: nn.Module, config: TrainingConfig) -> Optimizer:
    """Build the optimizer of the trainable weights of a network.

    Parameters
    ----------
    network
        With an attribute `head`.
    config
        Optimizer, learning rate, weight decay and layer decay.

    Returns
    -------
    torch.optim.Optimizer
        Weight decay applies to tensors of more than one axis only: biases and the scales of
        normalisations are left alone, as timm and Hugging Face do.
    """
    groups = [dict(group) for group in _group_parameters(network, config)]
    if config.optimizer == "adam":
        return torch.optim.Adam(groups, config.learning_rate)
    return torch.optim.AdamW(groups, config.learning_rate)


def _group_parameters(network: nn.Module, config: TrainingConfig) -> list[_ParameterGroup]:
    """Group the weights by learning rate and weight decay."""
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
            "lr": config.learning_rate * factor,
            "weight_decay": decay if is_decayed else 0.0,
        }
        for (factor, is_decayed), weights in groups.items()
    ]


def assign_layer_depths(network: nn.Module) -> dict[str, int]:
    """Assign each weight the number of its layer, counted from the input.

    Parameters
    ----------
    network
        With an attribute `head`, which is the deepest layer. The layers of a timm model are those
        of its `group_matcher`, those of another network the parts of its sequences.

    Returns
    -------
    dict
        Layer numbers by the names of `network.named_parameters`.
    """
    depths: dict[str, int] = {}
    for prefix, module in network.named_modules():
        if hasattr(module, "group_matcher"):
            matched = group_parameters(module, module.group_matcher(coarse=False), reverse=True)
            depths |= {f"{prefix}.{name}".lstrip("."): depth for name, depth in matched.items()}
            break
    last = max(depths.values(), default=-1)
    layers: dict[str, int] = {}
    for name, _ in network.named_parameters():
        if name not in depths and not name.startswith("head."):
            layer = ".".join(name.split(".")[:2])
            depths[name] = layers.setdefault(layer, last + 1 + len(layers))
    deepest = max(depths.values(), default=-1) + 1
    return depths | {n: deepest for n, _ in network.named_parameters() if n.startswith("head.")}
