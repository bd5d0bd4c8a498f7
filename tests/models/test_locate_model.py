"""Models by name, by path, and where both could be meant."""

import logging
from pathlib import Path

import pytest

from skyclass.errors import ModelError
from skyclass.models import bundled
from skyclass.models.locate_model import locate_model


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a folder stand for the package's data, with two models in it."""
    data = tmp_path / "data"
    for name in ("stars", "objects"):
        (data / name).mkdir(parents=True)
        (data / name / "config.json").write_text("{}")
    (data / "example").mkdir()
    monkeypatch.setattr(bundled, "_DATA", data)
    return data


def test_folders_with_a_specification_are_models(package: Path) -> None:
    assert bundled.list_bundled_models() == ("objects", "stars")


def test_a_name_is_that_of_a_bundled_model(package: Path) -> None:
    assert locate_model("stars") == package / "stars"


def test_a_path_is_a_folder_of_that_name(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stars").mkdir()
    for own in ("./stars", Path("stars"), str(tmp_path / "stars")):
        assert locate_model(own).resolve() == tmp_path / "stars"


def test_a_folder_of_the_same_name_is_mentioned(
    package: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stars").mkdir()
    with caplog.at_level(logging.WARNING):
        assert locate_model("stars") == package / "stars"
    assert "./stars" in caplog.text


def test_an_unknown_name_lists_those_that_there_are(package: Path) -> None:
    with pytest.raises(ModelError, match=r"no folder 'galaxies'.*objects, stars"):
        locate_model("galaxies")
    with pytest.raises(ModelError, match=r"no model called 'star'.*'stars'"):
        bundled.find_bundled_model("star")


def test_what_has_a_dot_or_a_slash_is_left_to_its_reader(package: Path) -> None:
    assert locate_model("weights.safetensors") == Path("weights.safetensors")
    assert locate_model("nowhere/model") == Path("nowhere/model")
