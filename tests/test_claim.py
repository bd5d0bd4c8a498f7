"""Claiming an output directory."""

import json
from pathlib import Path

import pytest

from skyclass.claim import claim_directory
from skyclass.errors import StudyError


def claim(directory: Path, content: str = '{"name": "a"}', **options: object) -> None:
    def compare(marker: Path) -> str:
        one, other = json.loads(marker.read_text())["name"], json.loads(content)["name"]
        return "" if one == other else f"{one} in place of {other}"

    marker = directory / "thing.json"
    claim_directory(marker, content, kind="thing", compare=compare, error=StudyError, **options)


@pytest.mark.parametrize("exists", [False, True])
def test_a_free_directory_is_marked(tmp_path: Path, exists: bool) -> None:
    directory = tmp_path / "a" / "b"
    if exists:
        directory.mkdir(parents=True)
    claim(directory)
    claim(directory)
    assert [path.name for path in directory.iterdir()] == ["thing.json"]
    assert json.loads((directory / "thing.json").read_text()) == {"name": "a"}


def test_the_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    claim(tmp_path)
    with pytest.raises(StudyError, match=r"holds another thing \(a in place of b\); choose"):
        claim(tmp_path, '{"name": "b"}')
    assert json.loads((tmp_path / "thing.json").read_text()) == {"name": "a"}


@pytest.mark.parametrize("content", ["{", "{}", "[]", '"a"'])
def test_a_marker_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "thing.json").write_text(content)
    with pytest.raises(StudyError, match=r"thing\.json cannot be read; choose another"):
        claim(tmp_path)


def test_files_of_the_user_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(StudyError, match=r"holds mine\.txt but no thing\.json, so it is no thing"):
        claim(tmp_path)
    with pytest.raises(StudyError, match="is a file; choose another"):
        claim(tmp_path / "mine.txt")
    with pytest.raises(StudyError, match=r"holds mine\.txt"):
        claim(tmp_path, reserved=["mine.txt", "other.txt"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    claim(tmp_path, reserved=["other.txt"])
    assert (tmp_path / "thing.json").exists()
