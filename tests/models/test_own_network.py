"""A network of one's own: registered, trained, saved, loaded; the example of the documentation."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from models.test_registry import config
from skyclass import register_network
from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import ModelError
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models import registry
from skyclass.models.check_network import check_network
from skyclass.models.registry import create_network, networks
from skyclass.models.saved_model import load_model
from skyclass.training.train_classifier import train_classifier
from support.docs_examples import read_example
from test_plugins import install
from training.stored import COUNTS, spec, write_cutouts

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the example of the documentation, as a module would."""
    monkeypatch.setattr(registry, "_registered", {})
    exec(read_example("models.md", "A network of your own"), {"__name__": "my_networks"})
    yield
    sys.modules.pop("my_networks", None)


def test_it_is_trained_saved_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cutouts = write_cutouts(tmp_path / "cutouts", COUNTS)
    training = TrainingConfig(epochs=20, batch_size=20, learning_rate=0.01)
    trained = train_classifier(cutouts, spec("two-layers"), training, tmp_path / "model")
    held_out = open_cutouts(cutouts)["validation"]
    flux = held_out.take(np.arange(len(held_out)))
    probabilities = trained.probabilities(flux)
    assert (probabilities.argmax(1) == held_out.label).mean() > 0.8
    np.testing.assert_array_equal(load_model(tmp_path / "model").probabilities(flux), probabilities)
    monkeypatch.setattr(registry, "_registered", {})
    with pytest.raises(
        ModelError, match=r"'two-layers'.*not registered.*\(my_networks\)"
    ) as caught:
        load_model(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_head_columns_and_normalisation_are_those_of_every_network() -> None:
    network = create_network("two-layers", 5, 3, (32, 48), head=(8,), extra=2)
    assert (network.width, network.extra) == (32, 2)
    assert network(torch.rand(2, 5, 32, 48)).shape == (2, 3)
    assert "two-layers" in networks()


def test_an_experiment_may_name_it() -> None:
    assert check_network(config(model={"name": "two-layers"})) is None
    with pytest.raises(ModelError, match="two-layers has no patches"):
        check_network(config(model={"name": "two-layers", "patch": 4}))
    with pytest.raises(ModelError, match="two-layers has no pretrained weights"):
        check_network(config(model={"name": "two-layers", "pretrained": True}))
    with pytest.raises(ModelError, match="did you mean 'two-layers'"):
        check_network(config(model={"name": "two-layer"}))


@pytest.mark.parametrize("name", ["two-layers", "compact", "vit-thesis", "resnet18"])
def test_a_name_that_is_taken(name: str) -> None:
    with pytest.raises(ModelError, match=f"network '{name}' exists already"):
        register_network(name, lambda _channels, _size: torch.nn.Flatten())


def test_features_that_are_not_pooled_are_refused() -> None:
    register_network("maps", lambda channels, _size: torch.nn.Conv2d(channels, 4, 3))
    with pytest.raises(ModelError, match=r"'maps' returns .* \(2, 4, 62, 62\) .* pool and flatten"):
        create_network("maps", 5, 3)


def test_a_network_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    code = (
        "from torch import nn\n"
        "from skyclass.models.registry import RegisteredNetwork\n"
        "def create(channels, size):\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())\n"
        "NETWORK = RegisteredNetwork('four-means', create)\n"
    )
    entries = {"four-means": "mean_networks:NETWORK"}
    install(tmp_path, "mean_networks", "skyclass.networks", entries, code)
    assert create_network("four-means", 5, 3).width == 20
    sys.modules.pop("mean_networks", None)
