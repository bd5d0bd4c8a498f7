"""Groups of weights and courses of the learning rate, against timm and closed forms."""

import math

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from skyclass.config.training_sections import TrainingConfig
from skyclass.models.classifier import Classifier
from skyclass.models.registry import create_network
from skyclass.training.optimizer import assign_layer_depths, make_lr_schedule, make_optimizer
from training.stored import spec


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet18", "mobilenetv2_050"])
def test_layer_decay_is_timms(name: str) -> None:
    network = create_network(name, 3, 4, (224, 224), normalisation="own")
    config = TrainingConfig(learning_rate=1.0, layer_decay=0.7, weight_decay=0.3)
    rates = {}
    for group in make_optimizer(network, config).param_groups:
        for weight in group["params"]:
            rates[id(weight)] = group["lr"], group["weight_decay"]
    other = timm.create_model(name, num_classes=0)
    theirs = {}
    for group in param_groups_layer_decay(other, weight_decay=0.3, layer_decay=0.7):
        for weight in group["params"]:
            theirs[id(weight)] = group["lr_scale"], group["weight_decay"]
    assert rates[id(network.head.weight)] == (1.0, 0.3)
    ours = dict(network.backbone.named_parameters())
    found = {key: rates[id(weight)] for key, weight in ours.items()}
    # theirs counts from its own last layer, above which our head stands
    scale = max(rate for rate, _ in found.values())
    for key, weight in other.named_parameters():
        rate, decay = theirs[id(weight)]
        assert found[key][0] / scale == pytest.approx(rate, rel=1e-6), key
        if weight.ndim > 1 and "pos_embed" not in key and "cls_token" not in key:
            assert found[key][1] == decay == 0.3


def test_layers_of_the_compact_network_ascend_to_its_head() -> None:
    depths = assign_layer_depths(Classifier(spec()).network)
    order = [depths[name] for name in depths]
    assert order == sorted(order)
    assert depths["head.weight"] == depths["head.bias"] == max(order)
    assert len(set(order)) == 6 + 1 - 1  # the first part of its features has no weights


def rates(config: TrainingConfig, steps: int) -> list[float]:
    optimizer = make_optimizer(Classifier(spec()).network, config)
    schedule = make_lr_schedule(optimizer, config, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_cosine_with_warm_up_is_the_closed_form() -> None:
    config = TrainingConfig(learning_rate=0.1, schedule="cosine", warmup=0.25)
    warm = [0.1 * (step + 1) / 6 for step in range(5)]
    fall = [0.05 * (1 + math.cos(math.pi * step / 15)) for step in range(15)]
    assert rates(config, 20) == pytest.approx(warm + fall)


def test_linear_falls_to_zero() -> None:
    found = rates(TrainingConfig(learning_rate=0.1, schedule="linear"), 10)
    assert found == pytest.approx([0.1 - 0.01 * step for step in range(10)])


def test_constant_and_one_cycle() -> None:
    constant = rates(TrainingConfig(learning_rate=0.1, schedule="constant", warmup=0.2), 10)
    assert constant == pytest.approx([0.1 / 3, 0.2 / 3] + [0.1] * 8)
    cycle = rates(TrainingConfig(learning_rate=0.1), 20)
    assert max(cycle) == pytest.approx(0.1)
    assert cycle.index(max(cycle)) == 3
    assert cycle[-1] < 1e-5


def test_adam_decays_nothing() -> None:
    config = TrainingConfig(optimizer="adam", weight_decay=0.5)
    optimizer = make_optimizer(nn.ModuleDict({"head": nn.Linear(3, 2)}), config)
    assert type(optimizer) is torch.optim.Adam
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.0, 0.0]
