"""Frames that are checked where they lie, each once."""

from pathlib import Path

import pytest

from skyclass.errors import OutputError, SurveyError
from skyclass.surveys.download import download_kind
from skyclass.surveys.sdss import survey as module
from skyclass.surveys.sdss.layout import Field, make_frame_path
from skyclass.surveys.sdss.requests import check_frame
from skyclass.surveys.sdss.survey import SDSS
from skyclass.surveys.verify import verify_frames
from skyclass.transfer.download_status import read_status
from support.sdss_frames import at, catalog_of, frame_bytes, serve_field, write_field
from support.web_server import Server

KEY, OTHER = Field(301, 94, 3, 12), Field(301, 94, 3, 13)


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
    download_kind(catalog_of(KEY), tmp_path / "frames", survey=at(server))

    def refuse(*_arguments: object) -> None:
        raise AssertionError("checked again")

    monkeypatch.setattr(module, "check_frame", refuse)
    verify_frames(tmp_path / "frames", [KEY], SDSS)
    assert "5 done" in str(read_status(tmp_path / "frames"))


def test_a_missing_frame_is_not_looked_at(tmp_path: Path) -> None:
    write_field(tmp_path, KEY)
    (tmp_path / make_frame_path(KEY, "u")).unlink()
    verify_frames(tmp_path, [KEY, OTHER], SDSS)
    assert str(read_status(tmp_path)).startswith("frames: 4 done")
    verify_frames(tmp_path / "nowhere", [KEY], SDSS)
    assert not (tmp_path / "nowhere").exists()


def test_real_frames_pass_and_are_told_apart(real_data: Path, tmp_path: Path) -> None:
    key = Field(301, 4510, 4, 30)
    frames = real_data / "sdss" / "frames"
    verify_frames(frames, [key], SDSS, record=tmp_path)
    assert str(read_status(tmp_path)).startswith("frames: 5 done")
    with pytest.raises(SurveyError, match="its FRAME is 30, field 301-4510-4-31 r has 31"):
        check_frame(frames / make_frame_path(key, "r"), Field(301, 4510, 4, 31), "r")


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the directory"):
        verify_frames(tmp_path, [KEY], SDSS, record=tmp_path / "file" / "x")
