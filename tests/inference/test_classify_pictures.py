"""A model that was trained on pictures classifies JPEG files, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from skyclass.errors import CatalogError, InferenceError, SurveyError
from skyclass.inference.classify import classify
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.schema import COLOURS
from skyclass.surveys.sdss.layout import BANDS

SPEC = ModelSpec(
    *("t", ("a", "b"), "sdss-jpeg", "compact", 224, COLOURS, "grey level", True, "none")
)


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(1)
    return Classifier(SPEC)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("b", "a"):
        grey = np.random.default_rng(ord(name)).integers(0, 256, (224, 224, 3), dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{name}.jpg", quality=95)
    return folder


def test_pictures_are_classified(classifier: Classifier, pictures: Path, tmp_path: Path) -> None:
    save_model(classifier, tmp_path / "model")
    table = classify(pictures, tmp_path / "model", tmp_path / "classes.csv")
    assert [Path(name).name for name in table["file"]] == ["a.jpg", "b.jpg"]
    decoded = [np.asarray(Image.open(pictures / name))[::-1] for name in ("a.jpg", "b.jpg")]
    flux = np.stack(decoded).transpose(0, 3, 1, 2).astype(np.float32)
    expected = classifier.probabilities(flux)
    np.testing.assert_allclose(table[["p_a", "p_b"]], expected, atol=1e-6)
    assert np.ptp(table["p_a"]) > 0
    Image.new("RGB", (100, 100)).save(pictures / "c.jpg")
    with pytest.raises(SurveyError, match="has 100x100 pixels, not the 224x224"):
        classify(pictures, tmp_path / "model")


def test_pictures_are_for_their_models_only(
    classifier: Classifier, pictures: Path, tmp_path: Path
) -> None:
    save_model(classifier, tmp_path / "model")
    with pytest.raises(InferenceError, match=r"takes ready-made pictures \(sdss-jpeg\), and"):
        classify("example", tmp_path / "model")
    with pytest.raises(InferenceError, match="at does not belong to pictures"):
        classify(at="10 0", model=tmp_path / "model")
    spec = ModelSpec("t", ("a", "b"), "asinh", "compact", 32, BANDS, "nanomaggy", True, "none")
    save_model(Classifier(spec), tmp_path / "other")
    with pytest.raises((InferenceError, CatalogError), match=r"a\.jpg"):
        classify(pictures / "a.jpg", tmp_path / "other")
