"""Nothing half-written is left behind, whatever goes wrong."""

import errno
from pathlib import Path

import pytest

from skyclass.errors import OutputError
from skyclass.files import atomic_path, list_files


def test_replaces_only_when_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    with atomic_path(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_nothing_for_the_next(tmp_path: Path) -> None:
    (tmp_path / ".partial-12345678-a.txt").write_text("left by a kill")
    with atomic_path(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("Not enough space on disk: requested 241822, available 0."),
    ],
)
def test_a_full_disk_is_one_clear_line(tmp_path: Path, error: OSError) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot write .*a\.txt"),
        atomic_path(tmp_path / "a.txt") as partial,
    ):
        partial.write_text("half")
        raise error
    assert not list(tmp_path.iterdir())


def test_errors_of_reading_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        (tmp_path / "nowhere").read_text()


@pytest.mark.parametrize("folder", [False, True])
def test_a_folder_never_gives_way_to_a_file_nor_a_file_to_a_folder(
    tmp_path: Path, folder: bool
) -> None:
    path = tmp_path / "x"
    kept = path if folder else path / "precious"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("kept")
    with pytest.raises(OutputError, match="choose another name"), atomic_path(path, folder=folder):
        pass
    assert kept.read_text() == "kept"


def test_a_directory_of_several_names_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "f.jpg").write_text("")
    (tmp_path / "b" / "c" / "g.jpg").write_text("")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "d").symlink_to("b/c")
    (tmp_path / "b" / "up").symlink_to("..")
    files = list_files(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["a/c/g.jpg", "a/f.jpg"]
