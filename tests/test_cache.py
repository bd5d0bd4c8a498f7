"""Entries that are kept by what made them, whole or to be resumed, one process at a time."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skyclass.cache import CACHE_NAME, CACHE_VARIABLE, Cache, locate_cache
from skyclass.errors import OutputError
from skyclass.files import link_folder

HOLD = """
import sys, time
from pathlib import Path
from skyclass.cache import Cache
with Cache(sys.argv[1]).open_entry("cutouts", "abc", {}) as entry:
    if not entry.is_complete:
        print("making", flush=True)
        sys.stdin.readline()
        (entry.path / "value").write_text("whole")
        entry.finish()
"""


def test_an_entry_is_whole_once_it_is_said_to_be(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(KeyError), cache.open_entry("features", "k", {"network": "n"}) as entry:
        (entry.path / "part").write_text("half")
        raise KeyError
    with cache.open_entry("features", "k", {"network": "n"}) as entry:
        assert not entry.is_complete
        assert (entry.path / "part").read_text() == "half"
        entry.finish()
    with cache.open_entry("features", "k", {"network": "n"}) as entry:
        assert entry.is_complete
    with cache.open_entry("features", "other", {"network": "n"}) as entry:
        assert not entry.is_complete


def test_a_second_process_waits_and_uses_what_the_first_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "making\n"

        class Release(logging.Handler):
            def emit(self, _record: logging.LogRecord) -> None:
                process.stdin.write("\n")
                process.stdin.flush()

        logger, handler = logging.getLogger("skyclass.cache"), Release()
        logger.addHandler(handler)
        try:
            with Cache(tmp_path).open_entry("cutouts", "abc", {}) as entry:
                assert entry.is_complete
                assert (entry.path / "value").read_text() == "whole"
        finally:
            logger.removeHandler(handler)
    assert "another process makes the same cutouts" in caplog.text


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "making\n"
        process.kill()
    with Cache(tmp_path).open_entry("cutouts", "abc", {}) as entry:
        assert not entry.is_complete


@pytest.mark.parametrize("broken", ["", "{}", '{"kind": "cutouts", "key": "another"}'])
def test_a_broken_description_is_written_anew(tmp_path: Path, broken: str) -> None:
    cache = Cache(tmp_path)
    with cache.open_entry("cutouts", "k", {}) as entry:
        entry.finish()
    (entry.path / "entry.json").write_text(broken)
    with cache.open_entry("cutouts", "k", {}) as entry:
        assert not entry.is_complete
        entry.finish()
        assert entry.is_complete


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "experiments" / "one"
    assert locate_cache("experiments/one").root == tmp_path / "experiments" / CACHE_NAME
    out.mkdir(parents=True)
    (tmp_path / "link").symlink_to(out)
    assert locate_cache("link").root == tmp_path / "experiments" / CACHE_NAME
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != out.parent)
    assert locate_cache(out).root == out / CACHE_NAME
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    assert locate_cache(out).root == tmp_path / "elsewhere"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot make the directory"),
        Cache(tmp_path / "file").open_entry("cutouts", "k", {}),
    ):
        pass


def test_linked_files_take_no_space_and_stay(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "value").write_text("one")
    target.mkdir()
    (target / "old").write_text("replaced")
    link_folder(source, target)
    assert (target / "inner" / "value").samefile(source / "inner" / "value")
    assert [path.name for path in target.iterdir()] == ["inner"]
    (source / "inner" / "value").unlink()
    assert (target / "inner" / "value").read_text() == "one"


def test_files_are_copied_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_paths: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "value").write_text("one")
    link_folder(source, target)
    assert (target / "value").read_text() == "one"
    assert not (target / "value").samefile(source / "value")
