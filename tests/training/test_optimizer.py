"""Groups of weights and their learning rates, against timm."""

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from skyclass.config.training_sections import TrainingConfig
from skyclass.models.classifier import Classifier
from skyclass.models.registry import create_network
from skyclass.training.optimizer import assign_layer_depths, make_optimizer
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
    our_rates = {key: rates[id(weight)] for key, weight in ours.items()}
    # theirs counts from its own last layer, above which our head stands
    scale = max(rate for rate, _ in our_rates.values())
    for key, weight in other.named_parameters():
        rate, decay = theirs[id(weight)]
        assert our_rates[key][0] / scale == pytest.approx(rate, rel=1e-6), key
        if weight.ndim > 1 and "pos_embed" not in key and "cls_token" not in key:
            assert our_rates[key][1] == decay == 0.3


def test_layers_of_the_compact_network_ascend_to_its_head() -> None:
    depths = assign_layer_depths(Classifier(spec()).network)
    order = [depths[name] for name in depths]
    assert order == sorted(order)
    assert depths["head.weight"] == depths["head.bias"] == max(order)
    assert len(set(order)) == 6 + 1 - 1  # the first part of its features has no weights


def test_adam_decays_nothing() -> None:
    config = TrainingConfig(optimizer="adam", weight_decay=0.5)
    optimizer = make_optimizer(nn.ModuleDict({"head": nn.Linear(3, 2)}), config)
    assert type(optimizer) is torch.optim.Adam
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.0, 0.0]
