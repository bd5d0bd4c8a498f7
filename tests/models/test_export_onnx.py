"""A saved model's ONNX file returns PyTorch's probabilities, or its card says why it has none."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from models.made_measurement import make_measurement
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, ModelError
from skyclass.images.image_type import ImageType
from skyclass.images.registry import register_image_type
from skyclass.models.classifier import Classifier
from skyclass.models.export_onnx import export_onnx
from skyclass.models.measured_features import fit_measured_scaling
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.models.onnx_model import OnnxClassifier, load_onnx
from skyclass.models.predictor import load_predictor
from skyclass.models.registry import register_network
from skyclass.models.saved_model import save_model
from skyclass.schema import COLOURS
from skyclass.surveys.sdss.layout import BANDS

pytestmark = pytest.mark.onnx

SPEC = ModelSpec(
    "t",
    ("O", "B", "M"),
    "lupton:irg",
    "compact",
    32,
    BANDS,
    "nanomaggy",
    True,
    rules=CutoutConfig(size=32),
)
SHIFTED = replace(SPEC, registration="shift")
PICTURES = replace(SPEC, image_type="sdss-jpeg", bands=COLOURS, unit="grey level")
COLUMNS = replace(
    SPEC,
    image_type="grey:r",
    columns=("colours",),
    column_mean=(1.0, 0.5, 0.2, 0.1),
    column_deviation=(0.7, 0.4, 0.2, 0.1),
    head=(8,),
)
MEASURED = replace(SPEC, image_type="ugriz", registration="shift", measured=BANDS)
MEASURED = replace(
    MEASURED,
    measured_scaling=fit_measured_scaling(
        make_measured_inputs(make_measurement(), MEASURED), shape=True
    ),
)


def make_classifier(spec: ModelSpec) -> Classifier:
    torch.manual_seed(1)
    classifier = Classifier(spec)
    # fresh weights are sure of nothing: differences would not show
    for layer in classifier.head.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data *= 5
    return classifier


def draw(spec: ModelSpec, count: int) -> dict[str, np.ndarray]:
    """Sources on the sky, some pixels masked; other numbers than the export is checked with."""
    rng = np.random.default_rng(20 + count)
    shape = (count, len(spec.bands), spec.size, spec.size)
    if spec.bands == COLOURS:
        return {"flux": rng.integers(0, 256, shape).astype(np.float32)}
    flux = rng.normal(0, 0.1, shape) + 50 * (rng.random(shape) > 0.99)
    flux[0, 1], flux[0, 2, 3], flux[-1, 0, 0, 0] = 0, np.nan, np.inf
    inputs = {"flux": flux, "offset": rng.uniform(-0.5, 0.5, (count, len(spec.bands), 2))}
    if spec.columns:
        inputs["columns"] = rng.normal(0, 1, (count, len(spec.column_mean)))
        inputs["columns"][0, 1] = np.nan
    if spec.measured:
        inputs["measured"] = make_measured_inputs(make_measurement(count), spec)
        inputs["measured"][0, 2:8] = np.nan
    return {name: values.astype(np.float32) for name, values in inputs.items()}


def check(spec: ModelSpec, folder: Path) -> OnnxClassifier:
    classifier = make_classifier(spec)
    export_onnx(classifier, folder / "model.onnx")
    exported = OnnxClassifier(folder / "model.onnx", spec)
    spread = []
    for count in (1, 5, 45):
        inputs = draw(spec, count)
        expected = classifier.probabilities(**inputs)
        spread.append(np.ptp(expected, axis=1).max())
        np.testing.assert_allclose(exported.probabilities(**inputs), expected, atol=1e-4)
    assert max(spread) > 0.01
    return exported


@pytest.mark.parametrize(
    "spec",
    [
        SHIFTED,
        replace(SPEC, image_type="luptitude", network="vit-small", temperature=1.7),
        replace(SPEC, image_type="gri+urz-squashed", network="mobilenet-small"),
        replace(SPEC, image_type="gri+urz", network="resnet-small", temperature=0.6),
        replace(SPEC, image_type="grey:each", crop=24, image_size=16, resize="bilinear"),
        replace(SPEC, image_type="colours", network="xception-small", crop=24, image_size=40),
        replace(PICTURES, network="vgg-small"),
        COLUMNS,
        MEASURED,
    ],
    ids=lambda spec: f"{spec.image_type}-{spec.network}",
)
def test_the_graph_returns_the_probabilities_of_pytorch(spec: ModelSpec, tmp_path: Path) -> None:
    check(spec, tmp_path)


def test_a_saved_model_classifies_without_pytorch(tmp_path: Path) -> None:
    classifier = make_classifier(replace(SHIFTED, image_type="ugriz"))
    save_model(classifier, tmp_path)
    assert "| ONNX | `model.onnx`, checked against PyTorch to 0.0001 |" in (
        tmp_path / "README.md"
    ).read_text(encoding="utf-8")
    inputs = draw(SHIFTED, 6)
    np.savez(tmp_path / "inputs.npz", **inputs)
    code = """
import sys
import numpy as np

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "timm", "lightning", "onnx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from skyclass.models.predictor import load_predictor
inputs = np.load(f"{sys.argv[1]}/inputs.npz")
shares = load_predictor(sys.argv[1]).probabilities(inputs["flux"], inputs["offset"])
np.save(f"{sys.argv[1]}/shares.npy", shares)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    shares = np.load(tmp_path / "shares.npy")
    np.testing.assert_allclose(shares, classifier.probabilities(**inputs), atol=1e-4)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    # any runtime of ONNX reads it
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [node.name for node in session.get_inputs()] == ["flux", "offset"]
    (raw,) = session.run(["probabilities"], inputs)
    np.testing.assert_allclose(raw, shares, atol=1e-6)


def test_training_goes_on_after_an_export(tmp_path: Path) -> None:
    classifier = make_classifier(replace(SPEC, image_type="grey:r"))
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    export_onnx(classifier.train(), tmp_path / "model.onnx")
    assert classifier.training
    for name, value in classifier.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def create_erratic(channels: int, size: tuple[int, int]) -> nn.Module:
    class Erratic(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            rows = images.flatten(1)[:, :8]
            return rows if bool((rows.mean() > 0).item()) else -rows

    return Erratic()


def test_what_cannot_be_exported_is_saved_without(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    register_network("erratic", create_erratic)
    save_model(make_classifier(replace(SPEC, image_type="grey:r")), tmp_path)
    save_model(make_classifier(replace(SPEC, network="erratic")), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("| ONNX |")]
    assert line.startswith("| ONNX | no model.onnx: ")
    assert len(line) > 40
    assert load_predictor(tmp_path).spec.network == "erratic"
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_graph_that_disagrees_is_not_written(tmp_path: Path) -> None:
    def function(flux: torch.Tensor) -> torch.Tensor:
        return flux * (1.0 if torch.compiler.is_exporting() else 2.0)

    register_image_type(ImageType("disagreeing", ("r",), 1, "differs", function, function))
    classifier = make_classifier(replace(SPEC, image_type="disagreeing", registration="none"))
    with pytest.raises(ModelError, match="in ONNX differ from PyTorch's by"):
        export_onnx(classifier, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    classifier = make_classifier(replace(SPEC, image_type="grey:r"))
    save_model(classifier, tmp_path)
    assert load_predictor(tmp_path).spec == load_onnx(tmp_path).spec
    path = tmp_path / "model.onnx"
    whole, config = path.read_bytes(), (tmp_path / "config.json").read_text()

    for key, value, message in (
        ("temperature", 2.0, r"made with temperature = 1\.0, config\.json says 2\.0; save"),
        ("labels", ["O", "B", "A"], r"made with labels = .*'M'"),
        ("labels", ["O", "B"], "and 2 classes; save the model again"),
        ("size", 48, r"\(5, 48, 48\).* and 3 classes; save the model again"),
        ("registration", "shift", "'offset'"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(json.loads(config) | {key: value}))
        with pytest.raises(ModelError, match=message):
            load_predictor(tmp_path)
    (tmp_path / "config.json").write_text(config)

    weights = (tmp_path / "model.safetensors").read_bytes()
    changed = bytearray(weights)
    changed[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(changed)
    with pytest.raises(ModelError, match=r"made from other weights than model\.safetensors"):
        load_predictor(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    load_predictor(tmp_path)  # the graph holds the weights

    for content in (whole[: len(whole) // 2], b"", b"no graph at all"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="is not a usable ONNX file") as caught:
            load_predictor(tmp_path)
        assert "\n" not in str(caught.value)


def test_inputs_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    spec = replace(COLUMNS, registration="shift")
    export_onnx(make_classifier(spec), tmp_path / "model.onnx")
    exported = OnnxClassifier(tmp_path / "model.onnx", spec)
    inputs = draw(spec, 3)
    assert exported.probabilities(**{k: v[:0] for k, v in inputs.items()}).shape == (0, 3)
    with pytest.raises(ImageError, match="pass the objects' offsets"):
        exported.probabilities(inputs["flux"], columns=inputs["columns"])
    with pytest.raises(ModelError, match="needs the columns colours"):
        exported.probabilities(inputs["flux"], inputs["offset"])
    with pytest.raises(ImageError, match=r"flux has the shape \[3, 4, 32, 32\]"):
        exported.probabilities(inputs["flux"][:, 1:], inputs["offset"], columns=inputs["columns"])
