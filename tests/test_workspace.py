"""Output directories: who may use one, what is in it, which of its stages are complete."""

import json
from pathlib import Path

import pytest

from skyclass.errors import StudyError
from skyclass.workspace import (
    StudyWorkspace,
    Workspace,
    claim_directory,
    fingerprint,
    hash_file,
)


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


def test_a_stage_is_done_for_one_input(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    mark = fingerprint("pixels", {"epochs": 3})
    assert not workspace.is_done("model", mark)
    workspace.mark_done("model", mark)
    assert workspace.is_done("model", mark)
    assert not workspace.is_done("report", mark)
    assert not workspace.is_done("model", fingerprint("pixels", {"epochs": 4}))
    workspace.mark_done("model", "other")
    assert not workspace.is_done("model", mark)


def test_a_file_is_hashed_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"x" * 3_000_000)
    other.write_bytes(b"x" * 3_000_000)
    assert hash_file(one) == hash_file(other)
    other.write_bytes(b"x" * 2_999_999 + b"y")
    assert hash_file(one) != hash_file(other)
    assert len(hash_file(one)) == 16


def test_no_two_things_have_the_same_path(tmp_path: Path) -> None:
    for space in (Workspace(tmp_path), StudyWorkspace(tmp_path)):
        values = {
            name: getattr(space, name)
            for name, value in vars(type(space)).items()
            if isinstance(value, property)
        }
        paths = [value for value in values.values() if isinstance(value, Path)]
        assert len(set(paths)) == len(paths) > 5
        assert all(path.parent == tmp_path for path in paths)


def test_data_sets_of_a_study_share_queries_only(tmp_path: Path) -> None:
    study = StudyWorkspace(tmp_path)
    one, other = study.data("a", "q1"), study.data("b", "q1")
    assert one.query == other.query
    own = [(d.catalog, d.cutouts, d.logs) for d in (one, other)]
    assert not set(own[0]) & set(own[1])
    assert study.failure("a/b/c/1").parent == study.cell("a/b/c/1").root.parent
