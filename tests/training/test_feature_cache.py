"""Features of a frozen backbone: computed once, kept, and the same as computed anew."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from skyclass.cache import Cache
from skyclass.cache_contents import list_entries
from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.files import link_folder
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model
from skyclass.training import feature_cache as module
from skyclass.training.feature_cache import CachedFeatures, cache_features, hash_feature_inputs
from skyclass.training.train_classifier import train_classifier
from training.stored import spec

pytestmark = pytest.mark.filterwarnings("ignore")
OFF = AugmentationConfig(turn=False)


def shortly(cutouts: Path, out: Path, image_type: str = "ugriz", **training: object) -> Path:
    config = TrainingConfig(epochs=3, batch_size=20, **training)
    frozen = replace(spec(image_type=image_type), frozen=True)
    train_classifier(cutouts, frozen, config, out, augmentation=OFF)
    return out


@pytest.mark.parametrize("image_type", ["ugriz", "grey:each"])
def test_trained_on_stored_features_is_the_same(
    cutouts: Path, tmp_path: Path, image_type: str
) -> None:
    one = shortly(cutouts, tmp_path / "one", image_type)
    other = shortly(cutouts, tmp_path / "other", image_type, cache_features=False)
    weights, expected = (load_file(d / "model.safetensors") for d in (one, other))
    for name, value in weights.items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-5)
    curves, wanted = (json.loads((d / "history.json").read_text())["epochs"] for d in (one, other))
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert [e[name] for e in curves] == pytest.approx([e[name] for e in wanted], abs=1e-5)


def test_an_interrupted_head_is_resumed(cutouts: Path, tmp_path: Path) -> None:
    def interrupt(_stage: str, done: int, _total: int, _detail: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    frozen = replace(spec(), frozen=True)
    config = TrainingConfig(epochs=3, batch_size=20)
    out = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        train_classifier(cutouts, frozen, config, out, augmentation=OFF, progress=interrupt)
    kept = load_file(tmp_path / "broken.training" / "best.safetensors")
    assert set(kept) == {"network.head.weight", "network.head.bias"}
    weights = [shortly(cutouts, place) / "model.safetensors" for place in (out, tmp_path / "whole")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_accuracy_on_the_training_objects(cutouts: Path, tmp_path: Path) -> None:
    out = shortly(cutouts, tmp_path / "model", learning_rate=1e-12)
    stored = open_cutouts(cutouts)["train"]
    shares = load_model(out).probabilities(stored.take(np.arange(len(stored))), stored.offsets())
    right = float(np.mean(shares.argmax(1) == stored.label))
    last = json.loads((out / "history.json").read_text())["epochs"][-1]
    # the last batch of an epoch may not be full, and is then left out
    left_out = len(stored) % 20 / len(stored)
    assert last["train_accuracy"] == pytest.approx(right, abs=left_out + 1e-6)
    assert 0 < right < 1


def test_a_second_training_computes_nothing(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shortly(cutouts, tmp_path / "first")

    def refuse(*_arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(module, "_compute_features", refuse)
    again = shortly(cutouts, tmp_path / "again")
    assert (first / "model.safetensors").read_bytes() == (again / "model.safetensors").read_bytes()
    with pytest.raises(AssertionError, match="computed again"):
        shortly(cutouts, tmp_path / "another", "lupton:irg")


def test_features_serve_another_head_on_the_same_cutouts_elsewhere(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, cache = TrainingConfig(epochs=1, batch_size=20), Cache(tmp_path / "kept")

    def train(folder: str, head: tuple[int, ...], weights: str | None = None) -> None:
        out = tmp_path / folder
        link_folder(cutouts, out / "cutouts")
        model = replace(spec(), frozen=True, head=head, weights=weights)
        options = {"augmentation": OFF, "seed": len(folder), "cache": cache}
        train_classifier(out / "cutouts", model, config, out / "model", **options)
        assert not (out / "features").exists()

    train("one", ())

    def refuse(*_arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(module, "_compute_features", refuse)
    train("other", (8,), weights=str(tmp_path / "one" / "model"))
    (entry,) = list_entries(cache.root).entries
    assert (entry.kind, entry.made_from) == ("features", "network compact, images ugriz")
    with pytest.raises(AssertionError, match="computed again"):
        train("third", (8,))  # another backbone


def test_what_was_computed_before_an_interruption_is_kept(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PART", 32)
    stored, classifier = open_cutouts(cutouts)["train"], Classifier(spec())
    real, calls = module._compute_features, []

    def failing(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(module, "_compute_features", failing)
    with pytest.raises(KeyboardInterrupt):
        cache_features(classifier, stored, tmp_path, "train", nullcontext)
    assert len(list(tmp_path.iterdir())) == 2
    cache_features(classifier, stored, tmp_path, "train", nullcontext)
    # 105 objects are four parts, one of which was broken off
    assert len(calls) == 5
    rows = np.array([104, 0, 33, 31, 64])
    with torch.no_grad():
        flux, offset = stored.take(rows), stored.offsets()[rows]
        expected = classifier.embed(torch.from_numpy(flux), torch.from_numpy(offset))
    cached = CachedFeatures(tmp_path, "train", len(stored)).take(rows)
    np.testing.assert_allclose(cached, expected.numpy(), atol=1e-5)


def test_the_key_tells_backbones_and_pictures_apart_but_not_heads(cutouts: Path) -> None:
    torch.manual_seed(1)
    one, mark = Classifier(spec()), read_info(cutouts).fingerprint
    key = hash_feature_inputs(one, mark, "32-true")
    torch.nn.init.zeros_(one.head.weight)
    one.temperature = 2.0
    assert hash_feature_inputs(one, mark, "32-true") == key
    assert hash_feature_inputs(one, "other cutouts", "32-true") != key
    assert hash_feature_inputs(one, mark, "bf16-mixed") != key
    same = Classifier(replace(spec(), crop=12))
    same.network.load_state_dict(one.network.state_dict())
    assert hash_feature_inputs(same, mark, "32-true") != key
    with torch.no_grad():
        one.network.features[1][0].weight[0, 0, 0, 0] += 1
    assert hash_feature_inputs(one, mark, "32-true") != key
