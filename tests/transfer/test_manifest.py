"""The list of outcomes, frames checked where they lie, and what an experiment is given."""

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import OutputError, SurveyError
from skyclass.progress import no_progress
from skyclass.surveys.acquire import acquire_frames
from skyclass.surveys.sdss import survey as module
from skyclass.surveys.sdss.layout import BANDS, Field, frame_path
from skyclass.surveys.sdss.requests import check_frame
from skyclass.surveys.sdss.survey import SDSS
from skyclass.surveys.verify import verify_frames
from skyclass.transfer.manifest import (
    MANIFEST_NAME,
    Entry,
    Manifest,
    Partial,
    locked_manifest,
    read_status,
)
from support.sdss_frames import at, catalog_of, frame_bytes, frame_url, serve_field
from support.web_server import Server, wait_for

KEY, OTHER = Field(301, 94, 3, 12), Field(301, 94, 3, 13)


def test_entries_come_back(tmp_path: Path) -> None:
    entry = Entry("a/b", "frames", "http://h/s", "done", "a/c", 3, 5, "")
    with Manifest(tmp_path) as manifest:
        manifest.record(entry)
        manifest.begin("name", Partial('"tag"', 7))
    with Manifest(tmp_path) as manifest:
        assert manifest.get("a/b") == entry
        assert manifest.get("a/x") is None
        assert manifest.partial("name") == Partial('"tag"', 7)
        manifest.forget("name")
        assert manifest.partial("name") is None


def test_status(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        for number in range(3):
            manifest.record(Entry(f"a{number}", "frames", "", "done", size=10**6))
            manifest.record(Entry(f"b{number}", "sdss-jpeg", "", "failed", reason="is empty"))
        manifest.record(Entry("c", "frames", "", "absent", reason="HTTP 404"))
    assert read_status(tmp_path) == [
        "frames: 3 done (3.0 MB), 1 absent, 0 failed",
        "sdss-jpeg: 0 done (0.0 MB), 0 absent, 3 failed",
        "  3 failed: is empty (b0)",
    ]


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="nothing was downloaded"):
        read_status(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(SurveyError, match="is no list of downloads"):
        read_status(tmp_path)


def test_a_manifest_of_another_version(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / MANIFEST_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SurveyError, match="another version"):
        read_status(tmp_path)


def test_the_second_waits_for_the_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked_manifest(tmp_path):
            second = pool.submit(_enter, tmp_path)
            wait_for(lambda: "waiting for it to end" in caplog.text)
            assert not second.done()
        second.result()


def _enter(folder: Path) -> None:
    with locked_manifest(folder):
        pass


def write_field(root: Path, key: Field, flat: bool = False) -> None:
    for band in BANDS:
        path = frame_path(key, band)
        place = root / (path.name if flat else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(frame_bytes(key, band))


@pytest.mark.parametrize("flat", [False, True])
def test_frames_are_checked_once(
    tmp_path: Path, flat: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_field(tmp_path, KEY, flat)
    checked = []

    def count(path: Path, field: Field, band: str) -> None:
        checked.append(path)
        check_frame(path, field, band)

    monkeypatch.setattr(module, "check_frame", count)
    steps: list[tuple[object, ...]] = []
    verify_frames(tmp_path, [KEY], SDSS, progress=lambda *step: steps.append(step))
    assert (len(checked), steps[-1]) == (5, ("checking frames", 5, 5))
    verify_frames(tmp_path, [KEY], SDSS)
    assert len(checked) == 5
    (changed,) = tmp_path.rglob("frame-g-*")
    changed.write_bytes(frame_bytes(KEY, "r"))
    with pytest.raises(SurveyError, match=r"frame-g.*its FILTER is r, .*download it again"):
        verify_frames(tmp_path, [KEY], SDSS)
    with pytest.raises(SurveyError, match="frame-g"):
        verify_frames(tmp_path, [KEY], SDSS)
    assert len(checked) == 7


def test_downloaded_frames_are_not_checked_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_field(server, KEY)
    supply(tmp_path, server, KEY)

    def refuse(*_arguments: object) -> None:
        raise AssertionError("checked again")

    monkeypatch.setattr(module, "check_frame", refuse)
    verify_frames(tmp_path / "frames", [KEY], SDSS)
    assert "5 done" in read_status(tmp_path / "frames")[0]


def test_a_missing_frame_is_not_looked_at(tmp_path: Path) -> None:
    write_field(tmp_path, KEY)
    (tmp_path / frame_path(KEY, "u")).unlink()
    verify_frames(tmp_path, [KEY, OTHER], SDSS)
    assert read_status(tmp_path)[0].startswith("frames: 4 done")
    verify_frames(tmp_path / "nowhere", [KEY], SDSS)
    assert not (tmp_path / "nowhere").exists()


def test_real_frames_pass_and_are_told_apart(real_data: Path, tmp_path: Path) -> None:
    key = Field(301, 4510, 4, 30)
    frames = real_data / "sdss" / "frames"
    verify_frames(frames, [key], SDSS, record=tmp_path)
    assert read_status(tmp_path)[0].startswith("frames: 5 done")
    with pytest.raises(SurveyError, match="its FRAME is 30, field 301-4510-4-31 r has 31"):
        check_frame(frames / frame_path(key, "r"), Field(301, 4510, 4, 31), "r")


def objects(*keys: Field) -> pd.DataFrame:
    return catalog_of(*keys, *keys).assign(ra=1.0)


def supply(out: Path, server: Server, *keys: Field, used=False, keep_lacking=False, **changes):
    survey = at(server, **changes)
    return acquire_frames(
        objects(*keys),
        survey,
        survey.frames or out / "frames",
        out / "logs",
        size=64,
        used=used,
        keep_lacking=keep_lacking,
        progress=no_progress,
    )


def test_objects_without_a_frame_are_left_out(server: Server, tmp_path: Path) -> None:
    serve_field(server, KEY)
    serve_field(server, OTHER)
    del server.files[frame_url(OTHER, "u")]
    kept = supply(tmp_path, server, KEY, OTHER)
    assert list(kept["field"]) == [12, 12]
    shutil.rmtree(tmp_path / "frames")
    asked = len(server.log)
    assert list(supply(tmp_path, server, KEY, OTHER, used=True)["field"]) == [12, 12]
    assert len(server.log) == asked
    assert json.loads((tmp_path / "logs" / "frames.json").read_text())["lacking"] == [1, 3]
    assert len(supply(tmp_path, server, KEY, OTHER, used=True, keep_lacking=True)) == 4


def test_an_archive_that_has_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="no object's frames in all bands"):
        supply(tmp_path, server, KEY)


def test_a_failed_frame_stops_an_experiment(server: Server, tmp_path: Path) -> None:
    serve_field(server, KEY)
    server.files[frame_url(KEY, "z")] = b"<html>"
    with pytest.raises(SurveyError, match=r"1 of 5 frames could not be downloaded.*HTML page"):
        supply(tmp_path, server, KEY, retries=0)
    serve_field(server, KEY)
    assert len(supply(tmp_path, server, KEY, retries=0)) == 2


def test_frames_on_disk_need_no_server(tmp_path: Path) -> None:
    write_field(tmp_path / "own", KEY)
    survey = SurveyConfig(frames=tmp_path / "own")
    options = {"size": 64, "used": False, "progress": no_progress}
    kept = acquire_frames(objects(KEY), survey, tmp_path / "own", tmp_path / "logs", **options)
    assert len(kept) == 2
    (tmp_path / "own" / frame_path(KEY, "r")).write_bytes(b"BZh91AY&SY")
    with pytest.raises(SurveyError, match="cut short"):
        acquire_frames(objects(KEY), survey, tmp_path / "own", tmp_path / "logs", **options)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the directory"):
        verify_frames(tmp_path, [KEY], SDSS, record=tmp_path / "file" / "x")
