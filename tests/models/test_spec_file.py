"""What is read of a model's configuration: checked values, and what an older file leaves out."""

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from skyclass.config.sections import CutoutConfig
from skyclass.errors import ModelError
from skyclass.models.model_card import format_model_card
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import SPEC_FILE, read_spec, write_spec
from skyclass.schema import COLOURS
from skyclass.surveys.sdss.layout import BANDS

RULES = CutoutConfig(size=12.672, unit="arcsec", background="local", saturated="mask")
SPEC = ModelSpec("t", ("a", "b"), "ugriz", "compact", 32, BANDS, "nanomaggy", True, "shift", RULES)


def write(folder: Path, spec: ModelSpec, **changes: object) -> None:
    """Write a specification, then change or (None) remove some of its keys."""
    write_spec(spec, folder, licence="mit", versions={"numpy": "2"})
    values = json.loads((folder / SPEC_FILE).read_text()) | changes
    kept = {key: value for key, value in values.items() if key not in changes or value is not None}
    (folder / SPEC_FILE).write_text(json.dumps(kept))


def test_a_specification_is_read_as_it_was_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = replace(SPEC, columns=("colours",), column_mean=(0.1,), column_deviation=(2.0,))
    spec = replace(spec, objects={"train": {"a": 3, "b": 4}}, head=(16, 8), crop=24)
    spec = replace(spec, imbalance="class-weights")
    write(tmp_path, spec)
    assert json.loads((tmp_path / SPEC_FILE).read_text())["rules"]["background"] == "local"
    assert read_spec(tmp_path) == spec
    assert read_spec(tmp_path).cutting_rules == RULES
    assert not caplog.records


def test_an_older_model_says_which_rules_it_assumes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, SPEC, rules=None)
    with caplog.at_level(logging.WARNING):
        spec = read_spec(tmp_path)
    assert spec.cutting_rules == CutoutConfig(size=32, measure="off")
    (line,) = caplog.messages
    assert "does not state how its cutouts were cut; assuming the default rules and 32" in line


def test_ready_made_pictures_have_no_rules(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, replace(SPEC, bands=COLOURS, rules=None, size=224))
    assert read_spec(tmp_path).rules is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "large"}, "size must be a whole number, got 'large'"),
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"size": 10**6}, "size must be at most 4096, got 1000000"),
        ({"image_size": 10**6}, "image_size must be at most 4096"),
        ({"head": [16, 10**9]}, "head.1 must be at most 16384"),
        ({"head": [1] * 9}, "head: tuple should have at most 8 items"),
        ({"rules": {"size": float("inf")}}, "rules.size must be a finite number, got inf"),
        ({"rules": {"sizes": 32}}, "unknown key 'rules.sizes'; did you mean 'size'?"),
        ({"labels": "ab"}, "labels must be a list, got 'ab'"),
        ({"task": None}, "the key 'task' is missing"),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"column_mean": [float("nan")]}, "column_mean.0"),
        ({"rules": {"size": 32, "grid": "round"}}, "rules.grid must be 'native' or 'common'"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path: Path, changes: dict, message: str) -> None:
    write(tmp_path, SPEC, **changes)
    with pytest.raises(ModelError) as caught:
        read_spec(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[1, 2]", "{", ""])
def test_a_file_that_is_no_specification(tmp_path: Path, content: str) -> None:
    (tmp_path / SPEC_FILE).write_text(content)
    with pytest.raises(ModelError, match=r"holds no usable model \(config.json\)"):
        read_spec(tmp_path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no usable model \(config.json\)"):
        read_spec(tmp_path)


def test_reading_a_specification_needs_no_torch() -> None:
    code = "import sys, skyclass.models.spec_file; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_card_says_how_frames_are_cut() -> None:
    text = format_model_card(SPEC)
    assert "12.672 arcsec a side: each band's own pixels" in text
    assert "less the median along the cutout's rim, saturated pixels masked" in text
    assert "default rules are assumed" in format_model_card(replace(SPEC, rules=None))
    pictures = replace(SPEC, bands=COLOURS, rules=None)
    assert "as the archive draws them" in format_model_card(pictures)
