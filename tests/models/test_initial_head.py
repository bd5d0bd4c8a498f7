"""Fine-tuning: the backbone of a saved model is kept, its head only for the same classes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.fake_hub import hub
from models.test_build import RESNET, create_filled, write_weights
from models.test_classifier import SPEC
from skyclass.config.training_sections import ModelConfig, TrainingConfig
from skyclass.models.build import build_classifier
from skyclass.models.classifier import Classifier
from skyclass.models.make_spec import choose_normalisation
from skyclass.models.saved_model import load_model, save_model
from skyclass.training.train_classifier import train_classifier
from training.stored import COUNTS, write_cutouts
from training.stored import spec as training_spec

STARS = replace(
    SPEC, network="resnet-small", task="spectral-class", labels=tuple("OBAFGKM"), head=(8,)
)
OBJECTS = replace(STARS, task="object-type", labels=("star", "galaxy", "quasar"))


@pytest.fixture
def stars(tmp_path: Path) -> Classifier:
    """Save a model of spectral classes in the folder ``stars/model``."""
    torch.manual_seed(7)
    classifier = Classifier(STARS)
    save_model(classifier, tmp_path / "stars" / "model")
    return classifier


def embed(classifier: Classifier) -> torch.Tensor:
    """Compute the features of some pictures."""
    pictures = torch.rand(2, *classifier.picture_shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return classifier.eval().network.embed(pictures)


def test_other_classes_get_a_fresh_head(stars: Classifier, tmp_path: Path) -> None:
    folder = tmp_path / "stars" / "model"
    by_place = []
    for place in (folder, folder / "model.safetensors"):
        torch.manual_seed(8)
        by_place.append(build_classifier(replace(OBJECTS, weights=str(place))))
    for tuned in by_place:
        assert torch.equal(embed(tuned), embed(stars))
        assert tuned.head[2].weight.shape == (3, 8)
        # the hidden layer belongs to the head, too
        assert not torch.equal(tuned.head[0].weight, stars.head[0].weight)
        assert tuned.spec.head_origin == (
            "made anew: that of the initial weights is for O, B, A, F, G, K, M"
        )
    states = [tuned.state_dict() for tuned in by_place]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_same_classes_keep_the_head(stars: Classifier, tmp_path: Path) -> None:
    path = str(tmp_path / "stars" / "model")
    again = build_classifier(replace(STARS, weights=path))
    assert torch.equal(again.head[2].weight, stars.head[2].weight)
    assert again.spec.head_origin == "kept: that of the initial weights is for the same classes"
    # as many classes, but others
    other = build_classifier(replace(STARS, labels=tuple("abcdefg"), weights=path))
    assert not torch.equal(other.head[2].weight, stars.head[2].weight)
    deeper = build_classifier(replace(STARS, head=(16, 8), weights=path))
    assert deeper.spec.head_origin.startswith("made anew: that of the initial weights has other la")


def test_a_file_alone_says_only_how_many_classes_it_is_for(
    stars: Classifier, tmp_path: Path
) -> None:
    path = tmp_path / "alone.safetensors"
    (tmp_path / "stars" / "model" / "model.safetensors").rename(path)
    kept = build_classifier(replace(STARS, weights=str(path)))
    assert torch.equal(kept.head[2].weight, stars.head[2].weight)
    assert kept.spec.head_origin.endswith("for as many classes")
    fresh = build_classifier(replace(OBJECTS, weights=str(path)))
    assert fresh.spec.head_origin.endswith("is for 7 classes")


def test_a_model_of_the_hub(
    stars: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub(tmp_path / "cache", monkeypatch) as files:
        for file in (tmp_path / "stars" / "model").iterdir():
            files[f"someone/stars/{file.name}"] = file.read_bytes()
        tuned = build_classifier(replace(OBJECTS, weights="hf://someone/stars"))
    assert torch.equal(embed(tuned), embed(stars))


@pytest.mark.parametrize(
    ("classes", "origin"),
    [
        (5, "made anew: that of the initial weights is for 5 classes"),
        (3, "kept: that of the initial weights is for as many classes"),
        (1000, "made anew: the initial weights have none for these classes"),
    ],
)
def test_checkpoints_of_timm(tmp_path: Path, classes: int, origin: str) -> None:
    model = create_filled("test_resnet", num_classes=classes)
    path = write_weights(model, tmp_path / "w.safetensors")
    classifier = build_classifier(replace(RESNET, weights=path))
    assert torch.equal(classifier.network.backbone.conv1[0].weight, model.conv1[0].weight)
    assert torch.equal(classifier.head.weight, model.fc.weight) == (classes == 3)
    assert classifier.spec.head_origin == origin


def test_the_normalisation_is_that_of_the_saved_model(tmp_path: Path) -> None:
    save_model(Classifier(replace(RESNET, normalisation="symmetric")), tmp_path)
    model = {"name": "test_resnet", "weights": tmp_path}
    assert choose_normalisation(ModelConfig(**model)) == "symmetric"
    assert choose_normalisation(ModelConfig(**model, normalisation="batch")) == "batch"


def test_training_and_the_card_say_what_became_of_the_head(tmp_path: Path) -> None:
    cutouts = write_cutouts(tmp_path / "cutouts", COUNTS)
    spec = training_spec()
    save_model(Classifier(replace(spec, labels=("hot", "cool"))), tmp_path / "two")
    details = []
    train_classifier(
        cutouts,
        replace(spec, weights=str(tmp_path / "two")),
        TrainingConfig(epochs=1, batch_size=20),
        tmp_path / "model",
        progress=lambda _stage, _done, _total, detail="": details.append(detail),
    )
    origin = "made anew: that of the initial weights is for hot, cool"
    assert details[0] == f"head {origin}"
    assert load_model(tmp_path / "model").spec.head_origin == origin
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"| Head of the initial weights | {origin} |" in card
    assert "| Initial weights | those of two |" in card
