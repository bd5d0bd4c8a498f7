"""Networks by name: skyclass' own, timm's, and the presets of the source systems."""

from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from skyclass.config.experiment_file import read_config, write_config
from skyclass.config.sections import Experiment
from skyclass.errors import ModelError
from skyclass.models.backbone import get_pretrained_normalisation
from skyclass.models.presets import PRESETS, apply_preset
from skyclass.models.registry import check_network_name, create_network, networks

OWN = [name for name in networks() if name not in PRESETS]


def config(**sections: object) -> Experiment:
    values = {"task": "spectral-class", "catalog": {"path": "c.csv"}, **sections}
    return Experiment.model_validate(values)


@pytest.mark.parametrize("name", OWN)
def test_own_networks_take_any_channels_and_sizes(name: str) -> None:
    torch.manual_seed(1)
    network = create_network(name, 5, 3, (48, 64), head=(8,), extra=2)
    images = torch.randn(4, 5, 48, 64)
    features = network.embed(images)
    assert features.shape == (4, network.width)
    logits = network.head(torch.cat([features, torch.zeros(4, 2)], 1))
    assert logits.shape == (4, 3)
    logits.square().sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())
    assert sum(weight.numel() for weight in network.parameters()) < 1_000_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("compcat", "did you mean 'compact'"),
        ("resnet-smal", "'resnet-small'"),
        ("vit-thesi", "'vit-thesis'"),
        ("resnet5", "'resnet50'"),
        ("vit_base_patch16_224.orig_in21", r"'vit_base_patch16_224\.orig_in21k'"),
        ("hf-hub:someone/model", "is unknown"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_network_name(name)
    with pytest.raises(ModelError, match="is unknown"):
        create_network(name, 3, 2)


def test_timm_without_its_classes() -> None:
    network = create_network("test_resnet", 5, 7, (64, 64), normalisation="own")
    assert network(torch.rand(2, 5, 64, 64)).shape == (2, 7)
    vgg = create_network("vgg11", 3, 7, (64, 64))
    # pooled maps of the last convolution, not the two dense layers of ImageNet
    assert vgg.width == 512
    images = torch.randn(2, 3, 64, 64)
    vgg.eval()
    with torch.no_grad():
        maps = vgg.backbone.forward_features(vgg.normalisation(images))
        torch.testing.assert_close(vgg.embed(images), maps.mean((2, 3)))


@pytest.mark.parametrize(
    ("name", "size", "options", "message"),
    [
        ("test_vit", (64, 64), {}, "set images.size = 160, or model.native = true"),
        ("test_vit", (160, 320), {}, "gri\\+urz-squashed"),
        ("test_vit", (64, 64), {"patch": 8}, "needs model.native"),
        ("test_vit", (60, 60), {"native": True, "patch": 8}, "does not divide"),
        ("test_resnet", (64, 64), {"native": True, "patch": 8}, "has no patches"),
        ("compact", (64, 64), {"patch": 8}, "has no patches"),
        ("compact", (64, 64), {"normalisation": "own"}, "no normalisation of its own"),
    ],
)
def test_settings_that_do_not_go_together(name, size, options, message) -> None:
    with pytest.raises(ModelError, match=message):
        create_network(name, 3, 7, size, **options)


def test_normalisations() -> None:
    images = torch.rand(2, 3, 64, 64)
    mean, deviation = get_pretrained_normalisation("resnet50.tv_in1k")
    assert (mean, deviation) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    own = create_network("resnet10t", 3, 2, normalisation="own").normalisation
    shape = (1, 3, 1, 1)
    expected = (images - torch.tensor(mean).reshape(shape)) / torch.tensor(deviation).reshape(shape)
    torch.testing.assert_close(own(images), expected)
    five = create_network("resnet10t", 5, 2, normalisation="own").normalisation
    grey = five(torch.full((1, 5, 2, 2), 0.449))
    torch.testing.assert_close(grey, torch.zeros(1, 5, 2, 2), atol=1e-6, rtol=0)
    symmetric = create_network("compact", 3, 2, normalisation="symmetric").features[0]
    torch.testing.assert_close(symmetric(images), 2 * images - 1)


def test_the_thesis() -> None:
    experiment = apply_preset(config(model={"name": "vit-thesis"}))
    assert PRESETS["vit-thesis"].network == "vit_base_patch16_224.orig_in21k"
    assert (experiment.model.pretrained, experiment.model.frozen, experiment.model.head) == (
        True,
        False,
        (),
    )
    training = experiment.training
    assert (training.optimizer, training.learning_rate) == ("adamw", 1e-5)
    assert (training.batch_size, training.epochs, training.validate_every) == (32, 50, 1000)
    assert (training.monitor, training.patience, training.threshold) == ("accuracy", 5, 0.001)
    assert training.precision == "fp16"
    assert experiment.images.size == 224
    assert not experiment.augmentation.turn


@pytest.mark.parametrize("name", ["mobilenet", "resnet50", "vgg16", "xception"])
def test_the_manual(name: str) -> None:
    experiment = apply_preset(config(model={"name": f"{name}-manual"}))
    assert (experiment.model.pretrained, experiment.model.frozen) == (True, True)
    assert experiment.model.head == (1024, 1024, 512)
    assert experiment.model.normalisation == "symmetric"
    assert (experiment.training.optimizer, experiment.training.learning_rate) == ("adam", 1e-3)
    assert (experiment.training.batch_size, experiment.training.epochs) == (32, 10)
    assert experiment.images.size == 224
    network = PRESETS[f"{name}-manual"].network
    assert network in timm.list_pretrained()
    assert name in network
    assert len(timm.get_pretrained_cfg(network).mean) == 3


def test_the_head_of_the_manual() -> None:
    head = create_network("test_resnet", 3, 3, (64, 64), head=(1024, 1024, 512)).head
    kinds = [type(layer) for layer in head]
    assert kinds == [*[nn.Linear, nn.ReLU] * 3, nn.Linear]
    assert [layer.out_features for layer in head[::2]] == [1024, 1024, 512, 3]


def test_keys_that_the_user_sets_stand(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(
        'task = "spectral-class"\n[catalog]\npath = "c.csv"\n[model]\nname = "resnet50-manual"\n'
        'normalisation = "own"\nweights = "w.safetensors"\n[training]\nepochs = 50\n'
        "[augmentation]\nturn = true\n"
    )
    experiment = apply_preset(read_config(path))
    assert experiment.model.normalisation == "own"
    assert experiment.model.weights == str(tmp_path / "w.safetensors")
    assert not experiment.model.pretrained
    assert (experiment.training.epochs, experiment.training.optimizer) == (50, "adam")
    assert experiment.augmentation.turn
    write_config(experiment, tmp_path / "again.toml")
    assert apply_preset(read_config(tmp_path / "again.toml")) == experiment
    native = apply_preset(config(model={"name": "vit-thesis", "native": True, "patch": 8}))
    assert native.images.size is None
    plain = config(model={"name": "compact"})
    assert apply_preset(plain) is plain
