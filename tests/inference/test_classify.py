"""Fields are classified as their model was trained; folders that are not models."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skyclass.errors import InferenceError
from skyclass.images.align_bands import align_bands
from skyclass.images.cutout import cut_frames
from skyclass.inference.classify import classify
from skyclass.inference.classify_field import classify_field
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import load_model, save_model
from skyclass.surveys.sdss.layout import BANDS, find_fields
from skyclass.surveys.sdss.reader import open_field


def test_the_directory_of_an_experiment_is_not_its_model(tmp_path: Path) -> None:
    (tmp_path / "experiment" / "model").mkdir(parents=True)
    with pytest.raises(InferenceError, match=r"its model is .*experiment.model$"):
        classify([tmp_path], tmp_path / "experiment", tmp_path / "x.csv")


def test_a_field_is_registered_as_the_model_says(plain_survey: Path, tmp_path: Path) -> None:
    field, folder = next(iter(find_fields([plain_survey / "frames"]).items()))
    spec = ModelSpec(
        "t", ("a", "b"), "lupton:irg", "compact", 32, BANDS, "nanomaggy", True, "shift"
    )
    torch.manual_seed(1)
    classifier = Classifier(spec)
    classifier.network.head.weight.data *= 100  # a new network is sure of nothing
    save_model(classifier, tmp_path)
    table = classify_field(folder, field, load_model(tmp_path))
    cut = cut_frames(open_field(folder, field), table["ra"], table["dec"], 32)
    by_hand = Classifier(replace(spec, registration="none"))
    by_hand.load_state_dict(classifier.state_dict())
    flux = align_bands(torch.from_numpy(cut.flux), torch.from_numpy(cut.offset)).numpy()
    shares = table[["p_a", "p_b"]].to_numpy()
    apart = np.abs(shares - by_hand.probabilities(flux)).max()
    assert apart < 0.05 * np.abs(shares - by_hand.probabilities(cut.flux)).max()
