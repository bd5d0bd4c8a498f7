"""A saved model remembers how its pictures are made, and uses it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skyclass.errors import ImageError, ModelError
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import load_model, save_model
from skyclass.surveys.sdss.layout import BANDS

SPEC = ModelSpec(
    "spectral-class",
    ("O", "B", "M"),
    "lupton:irg:q=3",
    "compact",
    32,
    BANDS,
    "nanomaggy",
    True,
    registration="shift",
    crop=24,
    image_size=48,
    resize="bilinear",
)


def cutouts(n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    flux = rng.normal(1, 1, (n, 5, 32, 32)).astype(np.float32)
    return flux, rng.uniform(-0.5, 0.5, (n, 5, 2)).astype(np.float32)


def test_a_saved_model_makes_the_same_pictures(tmp_path: Path) -> None:
    torch.manual_seed(1)
    classifier = Classifier(SPEC)
    save_model(classifier, tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    assert values["image_type"] == "lupton:irg:q=3"
    assert values["registration"] == "shift"
    loaded = load_model(tmp_path)
    assert loaded.spec == SPEC
    flux, offset = cutouts()
    expected = classifier.probabilities(flux, offset)
    np.testing.assert_array_equal(loaded.probabilities(flux, offset), expected)
    np.testing.assert_allclose(expected.sum(1), 1)
    assert np.abs(loaded.probabilities(flux, 0 * offset) - expected).max() > 1e-6


@pytest.mark.parametrize("network", ["compact", "resnet-small", "vgg-small"])
def test_channels_last_in_memory_changes_no_number(network: str) -> None:
    torch.manual_seed(1)
    classifier = Classifier(replace(SPEC, network=network))
    weight = next(p for p in classifier.network.parameters() if p.ndim == 4 and p.shape[-1] > 1)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    flux, offset = cutouts()
    computed = classifier.probabilities(flux, offset, batch_size=2)
    classifier.network.to(memory_format=torch.contiguous_format)
    assert weight.is_contiguous()
    np.testing.assert_allclose(computed, classifier.probabilities(flux, offset), atol=1e-5)


def test_registration_needs_offsets() -> None:
    with pytest.raises(ImageError, match="pass the objects' offsets"):
        Classifier(SPEC).probabilities(cutouts()[0])


def test_models_saved_before_registration_are_not_registered(tmp_path: Path) -> None:
    save_model(Classifier(replace(SPEC, registration="none", crop=None, image_size=None)), tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    for key in ("registration", "crop", "image_size", "resize", "upscaler"):
        del values[key]
    (tmp_path / "config.json").write_text(json.dumps(values))
    flux, offset = cutouts()
    loaded = load_model(tmp_path)
    np.testing.assert_array_equal(loaded.probabilities(flux, offset), loaded.probabilities(flux))


def test_an_object_gets_the_mean_of_its_samples() -> None:
    classifier = Classifier(replace(SPEC, image_type="grey:each", registration="none")).eval()
    flux, _ = cutouts(3)
    with torch.no_grad():
        shares = torch.softmax(classifier(torch.from_numpy(flux)).double(), 1)
    assert shares.shape == (15, 3)
    expected = np.array([shares[5 * i : 5 * i + 5].mean(0).numpy() for i in range(3)])
    np.testing.assert_allclose(classifier.probabilities(flux), expected, rtol=1e-5)


def test_a_corrupt_configuration_is_refused(tmp_path: Path) -> None:
    save_model(Classifier(SPEC), tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    for change in ({"image_type": "ugrizz"}, {"registration": "sihft"}, {"bands": ["g", "r"]}):
        (tmp_path / "config.json").write_text(json.dumps(values | change))
        with pytest.raises((ModelError, ImageError), match=r"did you mean|needs i"):
            load_model(tmp_path)


def test_logits_are_the_head_of_the_features() -> None:
    classifier = Classifier(SPEC).eval()
    flux, offset = (torch.from_numpy(values) for values in cutouts(3))
    with torch.no_grad():
        features = classifier.embed(flux, offset)
        assert features.shape == (3, classifier.width)
        torch.testing.assert_close(classifier.head(features), classifier(flux, offset))


def test_the_temperature_divides_the_logits_and_is_saved(tmp_path: Path) -> None:
    classifier = Classifier(SPEC).eval()
    flux, offset = cutouts()
    with torch.no_grad():
        logits = classifier(torch.from_numpy(flux), torch.from_numpy(offset)).double()
    classifier.temperature = 2.5
    save_model(classifier, tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.temperature == 2.5
    expected = torch.softmax(logits / 2.5, 1).numpy()
    np.testing.assert_allclose(loaded.probabilities(flux, offset), expected, rtol=1e-5)
    with pytest.raises(ModelError, match="above 0"):
        classifier.temperature = 0.0


def test_the_model_card_describes_the_model(tmp_path: Path) -> None:
    objects = {"train": {"O": 1, "B": 20, "M": 300}, "test": {"O": 0, "B": 5, "M": 70}}
    save_model(Classifier(replace(SPEC, objects=objects, origin="SDSS")), tmp_path / "simulated")
    card = (tmp_path / "simulated" / "README.md").read_text()
    assert card.startswith("---\nlicense: bsd-3-clause\nlibrary_name: skyclass\n")
    assert "**Simulated data.**" in card
    assert "| train | 1 | 20 | 300 |" in card
    assert "lupton:irg:q=3" in card
    assert load_model(tmp_path / "simulated").spec.objects == objects
    save_model(Classifier(replace(SPEC, simulated=False)), tmp_path / "real")
    assert "imulated" not in (tmp_path / "real" / "README.md").read_text()


def test_weights_that_do_not_fit_the_configuration_are_one_line(tmp_path: Path) -> None:
    save_model(Classifier(SPEC), tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    for change, message in (
        ({"labels": ["O", "B"]}, "weights for 3 classes, not 2"),
        ({"image_type": "ugriz", "registration": "none"}, "pictures of 3 channels, not 5"),
        ({"network": "resnet-small"}, "of another network"),
        ({"temperature": 0}, "above 0"),
        ({"nonsense": 1}, "nonsense"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(values | change))
        with pytest.raises(ModelError, match=message) as caught:
            load_model(tmp_path)
        assert "\n" not in str(caught.value)
