"""Tasks by name, also those of others."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.tables import tidy_stars
from skyclass import build_catalog, register_task
from skyclass.errors import CatalogError, TaskError
from skyclass.tasks.registry import get_task, tasks
from skyclass.tasks.task import Labels, Task
from support.docs_examples import read_example
from test_plugins import install


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: get_task(name) for name in tasks()}
    monkeypatch.setattr("skyclass.tasks.registry._TASKS", known)


def test_the_task_of_the_documentation(tmp_path: Path) -> None:
    exec(read_example("catalogues.md", "A task of your own"), {})
    assert "variability" in tasks()
    scatter = np.tile([0.01, 0.2, np.nan, 0.07, 0.02], 80)
    tidy_stars(400).assign(scatter_r=scatter).to_csv(tmp_path / "stars.csv", index=False)
    catalog = build_catalog(tmp_path / "stars.csv", "variability")
    assert catalog.report.classes == {"constant": 160, "variable": 160}
    assert catalog.report.dropped["no light curve"] == 80
    label = catalog.table["label"]
    assert ((label == "variable") == (catalog.table["scatter_r"] > 0.05)).all()
    with pytest.raises(CatalogError, match="has no column scatter_r; it has"):
        build_catalog(tidy_stars(40), "variability")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(TaskError, match="'object-type' is registered already"):
        register_task(Task("object-type", ("a", "b"), ("u",), get_task("object-type").label))


def test_a_task_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    code = (
        "from dataclasses import replace\n"
        "from skyclass.tasks.builtin import OBJECT_TYPE\n"
        "KINDS = replace(OBJECT_TYPE, name='kinds')\n"
    )
    install(tmp_path, "kinds_package", "skyclass.tasks", {"kinds": "kinds_package:KINDS"}, code)
    assert get_task("kinds").classes == ("star", "galaxy", "quasar")
    assert "kinds" in tasks()
    sys.modules.pop("kinds_package", None)


def test_labels_that_are_not_classes_of_the_task() -> None:
    def label(table: pd.DataFrame) -> Labels:
        strings = pd.Series(["dim", "bright", None, "bright"] * 10)
        return Labels(strings, pd.Series([None] * len(table), dtype="string"))

    register_task(Task("brightness-of-a-test", ("bright", "faint"), ("ra",), label))
    with pytest.raises(
        TaskError, match=r"labels 10 row\(s\) 'dim', which is not one of its classes"
    ):
        build_catalog(tidy_stars(40), "brightness-of-a-test")


def test_rows_without_label_and_reason_are_counted() -> None:
    def label(table: pd.DataFrame) -> Labels:
        strings = pd.Series(["faint", "bright", None, "bright"] * 10)
        return Labels(strings, pd.Series([None] * len(table), dtype="string"))

    register_task(Task("brightness-of-a-test", ("bright", "faint"), ("ra",), label))
    assert build_catalog(tidy_stars(40), "brightness-of-a-test").report.dropped["no label"] == 10


@pytest.mark.parametrize(
    ("name", "luminosity", "message"),
    [
        ("spectral-clas", "any", "did you mean 'spectral-class'"),
        ("spectral-class", "giants", "unknown template_luminosity 'giants'"),
        ("object-type", "main-sequence", "applies to spectral-class"),
        ("nowhere.toml", "any", "nowhere.toml does not exist"),
    ],
)
def test_unknown_names(name: str, luminosity: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        get_task(name, template_luminosity=luminosity)
