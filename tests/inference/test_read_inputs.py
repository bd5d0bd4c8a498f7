"""Arrays and single frames are classified like the cutouts and the directories that hold them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from skyclass.cache import Cache
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, InferenceError
from skyclass.inference.classify import classify
from skyclass.inference.read_inputs import FieldInput, InputSettings, read_inputs
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.sdss.layout import BANDS, Field

RULES = CutoutConfig(size=40, measure="off")
SPEC = ModelSpec(
    *("t", ("a", "b"), "ugriz", "compact", 40, BANDS, "nanomaggy", True, "none"), rules=RULES
)


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(1)
    return Classifier(SPEC)


@pytest.fixture
def model(classifier: Classifier, tmp_path: Path) -> Path:
    save_model(classifier, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def stars() -> np.ndarray:
    """Draw five stars of 60 pixels a side, each in the middle."""
    axis = np.arange(60) - 29.5
    star = np.exp(-(axis[:, None] ** 2 + axis**2) / 4)
    noise = np.random.default_rng(1).normal(0, 0.01, (5, 5, 60, 60))
    return star * np.arange(1, 26).reshape(5, 5, 1, 1) + noise


def test_an_array_is_cropped_and_classified(
    classifier: Classifier, model: Path, stars: np.ndarray, tmp_path: Path
) -> None:
    table = classify(stars, model, survey="sdss")
    expected = classifier.probabilities(stars[..., 10:50, 10:50].astype(np.float32))
    np.testing.assert_allclose(table[["p_a", "p_b"]], expected, atol=1e-6)
    np.savez(tmp_path / "stars.npz", flux=stars)
    read = classify(tmp_path / "stars.npz", model)
    np.testing.assert_allclose(read[["p_a", "p_b"]], expected, atol=1e-6)


def test_an_object_off_the_middle_is_warned_of(
    model: Path, stars: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    classify(stars, model)
    assert not caplog.records
    moved = np.roll(stars, 5, axis=-1)
    classify(moved, model)
    assert "5 of 5 cutouts show sources, but none within 3 pixels" in caplog.text
    caplog.clear()
    classify(moved, model, offset=np.tile([0.0, 5.0], (5, 5, 1)))
    assert not caplog.records


def test_arrays_that_cannot_be_used(model: Path, stars: np.ndarray) -> None:
    with pytest.raises(InferenceError, match=r"are of panstarrs .*the model is of sdss"):
        classify(stars, model, survey="panstarrs")
    with pytest.raises(ImageError, match="flux has 4 bands"):
        classify(stars[:, :4], model)
    with pytest.raises(InferenceError, match="flux has 31 pixels a side; at least 32"):
        classify(stars[..., :31, :31], model)
    stars[3, 1] = np.nan
    with pytest.raises(InferenceError, match=r"flux\[3\] has no finite pixel in g"):
        classify(stars, model)


def test_a_single_frame_names_its_field(real_data: Path) -> None:
    folder = real_data / "sdss/frames/301/4510/4"
    found = read_inputs(
        folder / "frame-r-004510-4-0030.fits.bz2", SPEC, InputSettings(), cache=Cache("unused")
    )
    assert isinstance(found, FieldInput)
    assert dict(found.units) == {Field(301, 4510, 4, 30): folder}
