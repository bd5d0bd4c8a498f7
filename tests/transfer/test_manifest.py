"""The manifest of a download: outcomes, unfinished files, and its lock."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skyclass.errors import SurveyError
from skyclass.surveys.sdss.layout import Field
from skyclass.transfer.download_status import FailureStatus, KindStatus, read_status
from skyclass.transfer.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestEntry,
    PartialFile,
    open_locked_manifest,
)
from support.web_server import wait_for

KEY, OTHER = Field(301, 94, 3, 12), Field(301, 94, 3, 13)


def test_entries_come_back(tmp_path: Path) -> None:
    entry = ManifestEntry("a/b", "frames", "http://h/s", "done", "a/c", 3, 5, "")
    with Manifest(tmp_path) as manifest:
        manifest.record(entry)
        manifest.record_partial("name", PartialFile('"tag"', 7))
    with Manifest(tmp_path) as manifest:
        assert manifest.get("a/b") == entry
        assert manifest.get("a/x") is None
        assert manifest.get_partial("name") == PartialFile('"tag"', 7)
        manifest.forget_partial("name")
        assert manifest.get_partial("name") is None


def test_status(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        for number in range(3):
            manifest.record(ManifestEntry(f"a{number}", "frames", "", "done", size=10**6))
            manifest.record(
                ManifestEntry(f"b{number}", "sdss-jpeg", "", "failed", reason="is empty")
            )
        manifest.record(ManifestEntry("c", "frames", "", "absent", reason="HTTP 404"))
    status = read_status(tmp_path)
    assert str(status).splitlines() == [
        "frames: 3 done (3.0 MB), 1 absent, 0 failed",
        "sdss-jpeg: 0 done (0.0 MB), 0 absent, 3 failed",
        "  3 failed: is empty (b0)",
    ]
    assert status.kinds[0] == KindStatus("frames", 3, 3.0, 1, 0)
    assert status.failures == (FailureStatus("is empty", 3, "b0"),)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="nothing was downloaded"):
        read_status(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(SurveyError, match="is not a manifest of downloads"):
        read_status(tmp_path)


def test_a_manifest_of_another_version(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / MANIFEST_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SurveyError, match="another version"):
        read_status(tmp_path)


def test_the_second_waits_for_the_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        with open_locked_manifest(tmp_path):
            second = pool.submit(_enter, tmp_path)
            wait_for(lambda: "waiting for it to end" in caplog.text)
            assert not second.done()
        second.result()


def _enter(folder: Path) -> None:
    with open_locked_manifest(folder):
        pass
