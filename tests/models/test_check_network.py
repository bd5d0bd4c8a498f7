"""Settings of a model that contradict each other are refused before any work."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.test_classifier import SPEC
from skyclass.config.sections import Experiment
from skyclass.errors import ModelError
from skyclass.models.check_network import check_network
from skyclass.models.classifier import Classifier
from skyclass.models.presets import apply_preset
from skyclass.models.saved_model import save_model


def config(model: dict, images: dict | None = None) -> Experiment:
    values = {"task": "spectral-class", "catalog": {"path": "c.csv"}, "model": model}
    return apply_preset(Experiment.model_validate(values | {"images": images or {}}))


@pytest.mark.parametrize(
    ("model", "images", "message"),
    [
        ({"name": "compcat"}, {}, "did you mean 'compact'"),
        ({"name": "compact", "patch": 8}, {}, "has no patches"),
        ({"name": "compact", "pretrained": True}, {}, "compact has no pretrained weights"),
        ({"name": "compact", "frozen": True}, {}, "needs trained weights"),
        ({"name": "resnet18", "weights": "w.bin"}, {}, "a pickle can run code"),
        (
            {"name": "resnet18", "weights": "none.safetensors"},
            {},
            "there is no file .*none.safetensors",
        ),
        (
            {"name": "resnet18", "pretrained": True, "frozen": True, "normalisation": "batch"},
            {},
            "which a frozen backbone cannot",
        ),
        ({"name": "vit_tiny_patch16_224"}, {}, "64x64: set images.size = 224"),
        (
            {"name": "vit-thesis"},
            {"type": "gri+urz"},
            "choose a square image type",
        ),
        ({"name": "vit_tiny_patch16_224", "native": True, "patch": 7}, {}, "does not divide"),
    ],
)
def test_contradicting_settings(model: dict, images: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        check_network(config(model, images))
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"")
    with pytest.raises(ModelError, match="holds no weights"):
        check_network(config({"weights": weights}))
    save_model(Classifier(SPEC), tmp_path)
    with pytest.raises(ModelError, match="weights for pictures of 3 channels, not 5"):
        check_network(config({"weights": tmp_path}, {"type": "ugriz"}))
    with pytest.raises(ModelError, match=r"is of another network: .*; check model\.name"):
        check_network(config({"name": "resnet-small", "weights": tmp_path}, {"type": "gri"}))


def test_valid_settings(tmp_path: Path) -> None:
    weights = tmp_path / "model"
    save_model(Classifier(replace(SPEC, image_type="ugriz")), weights)
    for model, images in (
        ({}, {}),
        ({"name": "vit-small", "patch": 4}, {}),
        ({"name": "vit-thesis"}, {"type": "gri"}),
        ({"name": "vit-thesis"}, {"type": "gri+urz-squashed"}),
        ({"name": "vit-thesis", "native": True}, {"type": "gri+urz"}),
        ({"name": "mobilenet-manual"}, {}),
        ({"name": "compact", "weights": weights, "frozen": True}, {}),
    ):
        assert check_network(config(model, images)) is None
