"""An exported model classifies as the one it was made from, or is not written."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from typer.testing import CliRunner

from skyclass.catalog.build_catalog import build_catalog
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig, SplitConfig
from skyclass.errors import SkyclassError
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.inference.classify import classify
from skyclass.models.bundled import find_bundled_model
from skyclass.models.predictor import load_predictor
from skyclass.pipeline import export_model as module
from skyclass.pipeline.export_model import export_model


@pytest.fixture(scope="module")
def cutouts(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    raw = pd.read_csv(plain_survey / "catalog.csv")
    catalog = build_catalog(raw, "spectral-class", split=SplitConfig(test=0.3)).table
    folder = tmp_path_factory.mktemp("stored") / "cutouts"
    make_cutouts(catalog, plain_survey / "frames", folder, CutoutConfig(measure="cutout"))
    return folder


def read_shares(table: pd.DataFrame) -> np.ndarray:
    return table.filter(regex="^p_").to_numpy()


@pytest.fixture(scope="module")
def openvino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_model(
        "stars", tmp_path_factory.mktemp("exported") / "ov", file_format="openvino"
    ).folder


def test_every_runtime_gives_the_same_probabilities(openvino: Path) -> None:
    assert not (openvino / "model.onnx").exists()
    first = classify("example", "stars", runtime="onnx")
    for model, runtime in (("stars", "torch"), (openvino, None), (openvino, "openvino")):
        table = classify("example", model, runtime=runtime)
        assert table[["ra", "dec"]].equals(first[["ra", "dec"]])
        np.testing.assert_allclose(read_shares(table), read_shares(first), atol=1e-4)


def test_a_graph_of_another_specification_is_refused(openvino: Path, tmp_path: Path) -> None:
    for name in ("model.xml", "model.bin", "config.json"):
        (tmp_path / name).write_bytes((openvino / name).read_bytes())
    spec = (tmp_path / "config.json").read_text()
    assert '"O"' in spec
    (tmp_path / "config.json").write_text(spec.replace('"O"', '"Q"'))
    with pytest.raises(SkyclassError, match="was made with labels"):
        load_predictor(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(SkyclassError, match="not a usable OpenVINO model"):
        load_predictor(tmp_path)


@pytest.mark.parametrize("file_format", ["onnx", "openvino"])
def test_eight_bits_are_checked_on_test_objects(
    file_format: str, cutouts: Path, tmp_path: Path
) -> None:
    done = export_model(
        "stars", tmp_path / "small", file_format=file_format, int8=True, cutouts=cutouts, least=20
    )
    assert done.objects == len(open_cutouts(cutouts)["test"]) >= 20
    first, small = classify(cutouts, "stars"), classify(cutouts, done.folder)
    labels = open_cutouts(cutouts).info.labels
    test = (first["split"] == "test").to_numpy()
    true = np.array(labels)[open_cutouts(cutouts)["test"].label]
    shares = tuple((table["class"][test].to_numpy() == true).mean() for table in (first, small))
    assert done.accuracies == pytest.approx(shares)
    # thresholds fitted to the probabilities of 32 bits do not hold for these
    assert "prediction_set" in first
    assert "prediction_set" not in small
    if file_format == "onnx":
        graph = onnx.load(done.folder / "model.onnx")
        assert any(node.op_type == "QuantizeLinear" for node in graph.graph.node)
    assert np.abs(read_shares(first) - read_shares(small)).max() > 1e-4
    assert (first["class"] == small["class"]).mean() > 0.9


def test_eight_bits_that_cost_accuracy_are_not_written(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LOST", -2.0)
    with pytest.raises(SkyclassError, match=r"more than 0\.2 points are lost"):
        export_model("stars", tmp_path / "small", int8=True, cutouts=cutouts, least=20)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "tflite"), "must be one of onnx, openvino"),
        (("--int8",), "int8 needs cutouts"),
        (("--cutouts", "{cutouts}"), "no effect without int8"),
        (("--int8", "--cutouts", "{cutouts}"), "5,000 are needed"),
        (("--out", "{tmp}"), "exists"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    words: tuple[str, ...], message: str, cutouts: Path, tmp_path: Path
) -> None:
    places = {"cutouts": cutouts, "tmp": tmp_path}
    words = ("export", "stars", "--out", str(tmp_path / "out"), *words)
    result = CliRunner().invoke(app, [word.format(**places) for word in words])
    assert isinstance(result.exception, SkyclassError)
    assert message in str(result.exception)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("model", "runtime", "message"),
    [
        ("stars", "tensorrt", "must be one of onnx, openvino, torch"),
        ("stars", "openvino", r"has no model\.xml"),
    ],
)
def test_a_runtime_that_cannot_be_used_is_refused(model: str, runtime: str, message: str) -> None:
    with pytest.raises(SkyclassError, match=message):
        classify("example", model, runtime=runtime)


def test_a_graph_of_other_weights_is_not_exported(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(find_bundled_model("stars"), source)
    weights = source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(SkyclassError, match="was made from other weights"):
        export_model(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
