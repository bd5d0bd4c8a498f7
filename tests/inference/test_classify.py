"""Folders that are no model."""

from pathlib import Path

import pytest

from skyclass.errors import InferenceError
from skyclass.inference.classify import classify


def test_the_directory_of_an_experiment_is_not_its_model(tmp_path: Path) -> None:
    (tmp_path / "experiment" / "model").mkdir(parents=True)
    with pytest.raises(InferenceError, match=r"its model is .*experiment.model$"):
        classify([tmp_path], tmp_path / "experiment", tmp_path / "x.csv")
