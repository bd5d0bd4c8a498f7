"""The metrics of an experiment, to `metrics.json` and back."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.made import made_experiment
from skyclass.errors import EvaluationError
from skyclass.evaluation.metrics import Metrics, read_metrics, write_metrics


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made_experiment(tmp_path) / "metrics.json"


def test_to_the_file_and_back(path: Path, tmp_path: Path) -> None:
    metrics = read_metrics(path)
    write_metrics(metrics, tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_bytes() == path.read_bytes()
    assert repr(metrics).startswith(
        "Metrics(object-type, compact on ugriz, simulated: test=ModelScores(accuracy 0."
    )
    assert "(simulated data)" in metrics._repr_html_()
    assert repr(metrics.calibration) == (
        "CalibrationResult(temperature 1.5, ECE 0.050 before, 0.050 after)"
    )
    bins = metrics.test.by["magnitude_r"]
    assert repr(bins).startswith(f"BinnedScores({bins.bins[0].low:g} to {bins.bins[-1].high:g}: ")


def test_keys_of_an_older_version_are_read(path: Path) -> None:
    values = json.loads(path.read_text())
    coverage: dict[str, Any] = {"found": 0.9, "ci95": [0.85, 0.94]}
    classes = {"star": {**coverage, "n": 9, "promised": True}}
    sets = {**coverage, "thresholds": {"star": None}, "mean_size": 1.5, "sizes": [0, 9]}
    sets |= {"classes": classes}
    values["conformal"] = {"coverage": 0.9, "n": 9, "marginal": sets, "per_class": sets}
    metrics = Metrics.model_validate(values)
    assert metrics.conformal is not None
    assert repr(metrics.conformal) == (
        "ConformalResult(coverage 0.9 stated, 0.900 [0.850, 0.940] observed, 1.50 classes in a set)"
    )
    assert metrics.conformal.marginal.observed == 0.9
    assert json.loads(metrics.model_dump_json())["conformal"]["marginal"]["observed"] == 0.9


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("simulated",), None, "simulated: input should be a valid boolean"),
        (("test", "n"), "many", "test.n: input should be a valid integer"),
        (("test", "ci95", "accuracy"), [0.5], "test.ci95.accuracy.1: field required"),
        (("calibration", "after", "bins", 3, "count"), 1.5, "calibration.after.bins.3.count: "),
    ],
)
def test_an_invalid_value_is_named(
    path: Path, keys: tuple[str | int, ...], value: object, message: str
) -> None:
    values = json.loads(path.read_text())
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(values))
    with pytest.raises(EvaluationError, match="does not fit this version") as caught:
        read_metrics(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
