"""The frames that an experiment is given, and the objects that lack one."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.progress import no_progress
from skyclass.surveys.acquire import acquire_frames
from skyclass.surveys.sdss.layout import Field, make_frame_path
from support.sdss_frames import at, catalog_of, frame_url, serve_field, write_field
from support.web_server import Server

KEY, OTHER = Field(301, 94, 3, 12), Field(301, 94, 3, 13)


def objects(*keys: Field) -> pd.DataFrame:
    return catalog_of(*keys, *keys).assign(ra=1.0)


def supply(out: Path, server: Server, *keys: Field, keep_lacking=False, **changes):
    survey = at(server, **changes)
    return acquire_frames(
        objects(*keys),
        survey,
        survey.frames or out / "frames",
        out / "logs",
        size=64,
        keep_lacking=keep_lacking,
        progress=no_progress,
    )


def test_objects_without_a_frame_are_left_out(server: Server, tmp_path: Path) -> None:
    serve_field(server, KEY)
    serve_field(server, OTHER)
    del server.files[frame_url(OTHER, "u")]
    kept = supply(tmp_path, server, KEY, OTHER)
    assert list(kept["field"]) == [12, 12]
    asked = len(server.log)
    assert list(supply(tmp_path, server, KEY, OTHER)["field"]) == [12, 12]
    assert len(supply(tmp_path, server, KEY, OTHER, keep_lacking=True)) == 4
    assert len(server.log) == asked


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
    options = {"size": 64, "progress": no_progress}
    kept = acquire_frames(objects(KEY), survey, tmp_path / "own", tmp_path / "logs", **options)
    assert len(kept) == 2
    (tmp_path / "own" / make_frame_path(KEY, "r")).write_bytes(b"BZh91AY&SY")
    with pytest.raises(SurveyError, match="truncated"):
        acquire_frames(objects(KEY), survey, tmp_path / "own", tmp_path / "logs", **options)
