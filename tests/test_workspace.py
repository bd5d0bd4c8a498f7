"""The directory of an experiment: its file names, and which of its stages are complete."""

from pathlib import Path

from skyclass.studies.study_workspace import StudyWorkspace
from skyclass.workspace import Workspace, fingerprint, hash_file


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
