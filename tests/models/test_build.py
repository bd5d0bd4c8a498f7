"""Weights in either source's form, for any size, channels and classes, or a clear line."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from models.fake_hub import hub, point_library_to
from models.test_classifier import SPEC, cutouts
from skyclass.errors import ModelError
from skyclass.models.build import build_classifier
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import save_model

VIT = replace(
    SPEC,
    image_type="lupton:irg",
    network="test_vit",
    registration="none",
    crop=None,
    image_size=160,
    normalisation="own",
)
RESNET = replace(VIT, network="test_resnet", image_size=None)


def write_weights(model: torch.nn.Module, path: Path) -> str:
    save_file({name: value.clone() for name, value in model.state_dict().items()}, path)
    return str(path)


def create_filled(name: str, **options: object) -> torch.nn.Module:
    torch.manual_seed(4)
    return timm.create_model(name, **options).eval()


def make_hugging_face_weights(
    width: int, heads: int, layers: int, classes: int
) -> dict[str, Tensor]:
    """Make weights of `ViTForImageClassification` for 160 pixels in patches of 16."""
    stream = torch.Generator().manual_seed(5)
    shapes = {
        "vit.embeddings.cls_token": (1, 1, width),
        "vit.embeddings.position_embeddings": (1, 101, width),
        "vit.embeddings.patch_embeddings.projection.weight": (width, 3, 16, 16),
        "vit.embeddings.patch_embeddings.projection.bias": (width,),
        "vit.layernorm.weight": (width,),
        "vit.layernorm.bias": (width,),
        "vit.pooler.dense.weight": (width, width),
        "classifier.weight": (classes, width),
        "classifier.bias": (classes,),
    }
    for layer in range(layers):
        dense = {
            "attention.attention.query": (width, width),
            "attention.attention.key": (width, width),
            "attention.attention.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (3 * width, width),
            "output.dense": (width, 3 * width),
            "layernorm_before": (width,),
            "layernorm_after": (width,),
        }
        for name, shape in dense.items():
            shapes[f"vit.encoder.layer.{layer}.{name}.weight"] = shape
            shapes[f"vit.encoder.layer.{layer}.{name}.bias"] = shape[:1]
    return {
        name: torch.randn(shape, generator=stream) * 0.3 / math.sqrt(math.prod(shape[1:]) or 1)
        for name, shape in shapes.items()
    }


def run_by_hand(state: dict[str, Tensor], images: Tensor, heads: int, layers: int) -> Tensor:
    """Go through a vision transformer by hand (Dosovitskiy et al. 2021, equations 1 to 4)."""

    def dense(name: str, values: Tensor) -> Tensor:
        return linear(values, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(name: str, values: Tensor) -> Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return layer_norm(values, weight.shape, weight, bias, 1e-12)

    n = len(images)
    patches = images.unfold(2, 16, 16).unfold(3, 16, 16).permute(0, 2, 3, 1, 4, 5)
    kernel = state["vit.embeddings.patch_embeddings.projection.weight"].flatten(1)
    bias = state["vit.embeddings.patch_embeddings.projection.bias"]
    tokens = linear(patches.reshape(n, 100, -1), kernel, bias)
    tokens = torch.cat([state["vit.embeddings.cls_token"].expand(n, -1, -1), tokens], 1)
    tokens = tokens + state["vit.embeddings.position_embeddings"]
    for layer in range(layers):
        here = f"vit.encoder.layer.{layer}"
        before = norm(f"{here}.layernorm_before", tokens)
        query, key, value = (
            dense(f"{here}.attention.attention.{part}", before)
            .reshape(n, 101, heads, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + dense(f"{here}.attention.output.dense", mixed)
        after = norm(f"{here}.layernorm_after", tokens)
        hidden = gelu(dense(f"{here}.intermediate.dense", after))
        tokens = tokens + dense(f"{here}.output.dense", hidden)
    return dense("classifier", norm("vit.layernorm", tokens)[:, 0])


def test_weights_of_timm_give_what_timm_gives(tmp_path: Path) -> None:
    model = create_filled("test_vit")
    spec = replace(VIT, weights=write_weights(model, tmp_path / "w.safetensors"))
    network = build_classifier(spec).eval().network
    images = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        expected = model.forward_head(model.forward_features(images * 2 - 1), pre_logits=True)
        torch.testing.assert_close(network.embed(images), expected)


def test_weights_of_hugging_face_give_what_its_formulas_give(tmp_path: Path) -> None:
    state = make_hugging_face_weights(width=64, heads=2, layers=6, classes=3)
    save_file(state, tmp_path / "w.safetensors")
    network = build_classifier(replace(VIT, weights=str(tmp_path / "w.safetensors"))).eval().network
    images = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        expected = run_by_hand(state, images * 2 - 1, heads=2, layers=6)
        torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-5)
        features = network.embed(images)
    assert expected.std() > 1e-3
    # `ViTModel` has the same names without the first word, and no classes
    bare = {k.removeprefix("vit."): v for k, v in state.items() if not k.startswith("classifier")}
    save_file(bare, tmp_path / "w.safetensors")
    network = build_classifier(replace(VIT, weights=str(tmp_path / "w.safetensors"))).eval().network
    with torch.no_grad():
        torch.testing.assert_close(network.embed(images), features)


def test_a_grey_picture_gets_the_same_answer_from_any_number_of_channels(tmp_path: Path) -> None:
    model = create_filled("test_resnet")
    path = write_weights(model, tmp_path / "w.safetensors")
    grey = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        three = build_classifier(replace(RESNET, weights=path)).eval().network
        spread = build_classifier(replace(RESNET, weights=path, image_type="ugriz")).eval().network
        # the same normalisation of all channels, so that nothing but the filters differs
        torch.testing.assert_close(
            spread.embed(grey.expand(-1, 5, -1, -1)), three.embed(grey.expand(-1, 3, -1, -1))
        )
        filters = spread.backbone.conv1[0].weight
    own = model.conv1[0].weight
    assert filters.shape[1] == 5
    torch.testing.assert_close(filters[:, 3], (own[:, 0] + own[:, 1] + own[:, 2]) / 5)


def test_native_size_resamples_patches_and_positions(tmp_path: Path) -> None:
    model = create_filled("test_vit")
    # a patch filter and positions that vary slowly: resampling must keep what they mean
    ramp = torch.linspace(-1, 1, 10)
    with torch.no_grad():
        model.pos_embed[0, 1:, 0] = ramp.repeat_interleave(10)
        model.patch_embed.proj.weight[:] = 1 / 256
    path = write_weights(model, tmp_path / "w.safetensors")
    spec = replace(VIT, weights=path, native=True, patch=4, image_size=None)
    network = build_classifier(spec).eval().network
    assert network.backbone.pos_embed.shape == (1, 1 + 8 * 8, 64)
    rows = network.backbone.pos_embed[0, 1:, 0].reshape(8, 8)
    torch.testing.assert_close(rows, rows[:, :1].expand(-1, 8))
    # ten steps from -1 to 1, resampled to eight: the middles of the steps lie on the same line
    middle = torch.linspace(-1, 1, 10)[[4, 5]].mean()
    torch.testing.assert_close(rows[[3, 4], 0].mean(), middle, atol=1e-4, rtol=0)
    assert bool((rows.diff(dim=0) > 0).all())
    # a flat patch is answered as a flat patch of 16 pixels was, but for the filter's own rims
    few = network.backbone.patch_embed.proj(torch.ones(1, 3, 4, 4)).flatten()
    many = model.patch_embed.proj(torch.ones(1, 3, 16, 16)).flatten()
    torch.testing.assert_close(few, many, rtol=0.05, atol=0)
    flux, _ = cutouts(2)
    assert np.isfinite(build_classifier(spec).probabilities(flux)).all()


def test_weights_of_skyclass_start_the_same_network(tmp_path: Path) -> None:
    torch.manual_seed(6)
    spec = replace(SPEC, network="resnet-small")
    trained = Classifier(spec)
    save_model(trained, tmp_path)
    path = str(tmp_path / "model.safetensors")
    flux, offset = cutouts()
    np.testing.assert_array_equal(
        build_classifier(replace(spec, weights=path)).probabilities(flux, offset),
        trained.probabilities(flux, offset),
    )
    with pytest.raises(ModelError, match="weights for pictures of 3 channels, not 5"):
        build_classifier(replace(spec, weights=path, image_type="ugriz"))
    with pytest.raises(ModelError, match="of another network"):
        build_classifier(replace(spec, weights=path, network="compact"))


def test_weights_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    for name, options, message in (
        ("test_resnet", {"num_classes": 3, "in_chans": 4}, "pictures of 4 channels, not 3"),
        ("test_efficientnet", {}, "another network than test_resnet"),
    ):
        write_weights(create_filled(name, **options), path)
        with pytest.raises(ModelError, match=message) as caught:
            build_classifier(replace(RESNET, weights=str(path)))
        assert "\n" not in str(caught.value)
    path.write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match="holds no weights"):
        build_classifier(replace(RESNET, weights=str(path)))
    with pytest.raises(ModelError, match="compact of skyclass"):
        write_weights(create_filled("test_resnet"), path)
        build_classifier(replace(SPEC, weights=str(path)))
    torch.save({}, tmp_path / "w.bin")
    with pytest.raises(ModelError, match="a pickle can run code"):
        build_classifier(replace(RESNET, weights=str(tmp_path / "w.bin")))


def test_a_head_for_the_same_classes_comes_along(tmp_path: Path) -> None:
    model = create_filled("test_resnet", num_classes=3)
    path = write_weights(model, tmp_path / "w.safetensors")
    classifier = build_classifier(replace(RESNET, weights=path))
    torch.testing.assert_close(classifier.head.weight, model.fc.weight)
    hidden = build_classifier(replace(RESNET, weights=path, head=(8,)))
    assert [tuple(layer.weight.shape) for layer in hidden.head if hasattr(layer, "weight")] == [
        (8, 96),
        (3, 8),
    ]


def test_pretrained_weights_come_from_the_hub_and_then_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create_filled("test_resnet")
    write_weights(model, tmp_path / "w.safetensors")
    spec = replace(RESNET, network="test_resnet.r160_in1k", weights="hub")
    with hub(tmp_path / "cache", monkeypatch) as files:
        name = "timm/test_resnet.r160_in1k/model.safetensors"
        files[name] = (tmp_path / "w.safetensors").read_bytes()
        online = build_classifier(spec)
    # the Hub is gone; what was downloaded is used
    offline = build_classifier(spec)
    for classifier in (online, offline):
        torch.testing.assert_close(
            classifier.network.backbone.conv1[0].weight, model.conv1[0].weight
        )
    point_library_to("http://127.0.0.1:9", tmp_path / "empty", monkeypatch)
    monkeypatch.setattr("huggingface_hub.utils._http._DEFAULT_RETRY_ON_EXCEPTIONS", ())
    with pytest.raises(ModelError) as caught:
        build_classifier(spec)
    message = str(caught.value)
    assert "\n" not in message
    for way in ("Connect to the Hugging Face Hub", "model.weights", "model.pretrained = false"):
        assert way in message
