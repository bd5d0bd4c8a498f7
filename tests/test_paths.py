"""Paths: whoever works in a notebook writes them as text."""

import importlib
import inspect
import re
from pathlib import Path

import skyclass
from skyclass.catalog.catalog_file import read_catalog, write_catalog

API = Path(__file__).parents[1] / "docs" / "api.md"


def test_every_function_of_the_interface_takes_text_for_a_path() -> None:
    names = re.findall(r"autofunction:: (\S+)\.(\w+)", API.read_text())
    assert len(names) > 20
    for module, name in names:
        function = inspect.unwrap(getattr(importlib.import_module(module), name))
        for parameter in inspect.signature(function).parameters.values():
            annotation = str(parameter.annotation)
            assert "Path" not in annotation or "str" in annotation, f"{name}({parameter})"


def test_a_notebook_from_a_table_to_a_model(plain_survey: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "objects.parquet")
    write_catalog(
        skyclass.build_catalog(str(plain_survey / "catalog.csv"), "spectral-class"), place
    )
    cutouts = str(tmp_path / "cutouts")
    info = skyclass.make_cutouts(read_catalog(place), str(plain_survey / "frames"), cutouts)
    assert info.simulated
    assert len(skyclass.open_cutouts(cutouts)["test"]) > 0
    skyclass.show(cutouts, ["gri"], str(tmp_path / "sheet.png"))
    assert (tmp_path / "sheet.png").stat().st_size > 0
    file = tmp_path / "experiment.toml"
    file.write_text(
        'task = "spectral-class"\n'
        f'[catalog]\npath = "{plain_survey}/catalog.csv"\n'
        f'[survey]\nframes = "{plain_survey}/frames"\n[training]\nepochs = 1\n'
    )
    out = str(tmp_path / "experiment")
    result = skyclass.run_experiment(str(file), out)
    assert skyclass.load_model(f"{out}/model").spec.labels == result.metrics.test.labels
    assert skyclass.compare(out, out).accuracy.difference == 0.0
