"""The models that come with the package: whole, as their checksums and cards say, and of use."""

import json
from hashlib import sha256

import pandas as pd
import pytest

from skyclass.errors import ModelError
from skyclass.inference.classify import classify
from skyclass.models.bundled import (
    CHECKSUMS,
    find_bundled_model,
    find_example_field,
    list_bundled_models,
)
from skyclass.models.predictor import load_predictor
from skyclass.models.saved_model import load_model

TASKS = {"stars": "spectral-class", "objects": "object-type"}
MOST_BYTES = 8 * 10**6


def test_names_checksums_and_cards_agree() -> None:
    assert set(list_bundled_models()) == set(TASKS)
    folders = {name: find_bundled_model(name) for name in TASKS}
    stated = json.loads((folders["stars"].parent / CHECKSUMS).read_text())["sha256"]
    files = {f"{name}/{file.name}": file for name in TASKS for file in folders[name].iterdir()}
    assert {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items()} == stated
    assert sum(file.stat().st_size for file in files.values()) < MOST_BYTES
    for name, folder in folders.items():
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert f'load_model("{name}")' in card
        assert "Simulated data" in card
        spec = load_predictor(name).spec
        assert spec.simulated
        assert spec.task == TASKS[name]
        assert load_model(name).spec == spec


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"did you mean 'stars'.*objects, stars"):
        find_bundled_model("star")


def test_the_stars_of_the_example_field_get_their_classes() -> None:
    catalog = pd.read_csv(find_example_field() / "catalog.csv")
    table = classify("example", positions=catalog)
    assert len(table) == len(catalog)
    assert (table["class"] == catalog["subclass"].str[0]).mean() > 0.75
    kinds = classify("example", positions=catalog, task="object-type")["class"]
    assert (kinds == "star").mean() > 0.9
