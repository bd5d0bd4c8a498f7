"""Names and addresses of files: nothing leaves the directory of a download."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyclass.errors import SurveyError
from skyclass.surveys.sdss.layout import Field, make_frame_path
from skyclass.transfer.file_request import FileRequest

HOSTILE = [
    "../../x",
    "a/../../x",
    "/etc/passwd",
    "a//b",
    "",
    ".",
    "..",
    "a/.hidden",
    "x\0y",
    "x" * 300,
    "a\\..\\b",
    "a\nb",
    "a b",
    "é",
    "/".join("a" * 13),
]


def request(path: str = "a/b", base: str = "https://h", source: str = "/s") -> FileRequest:
    return FileRequest("k", path, base, source, 10, lambda _path: None)


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_names(path: str) -> None:
    with pytest.raises(SurveyError, match="cannot be the name of a downloaded file"):
        request(path)


@given(st.text(max_size=140))
def test_no_accepted_name_leaves_its_directory(path: str) -> None:
    root = Path("/anywhere/downloads")
    try:
        accepted = request(path).path
    except SurveyError:
        return
    assert (root / accepted).resolve().is_relative_to(root)


@pytest.mark.parametrize(
    "base",
    [
        "ftp://h",
        "h",
        "",
        "https://",
        "https://h?x=1",
        "https://me:secret@h",
        "file:x",
        "file://h/x",
    ],
)
def test_addresses_that_are_none(base: str) -> None:
    with pytest.raises(SurveyError, match="not the address of an archive"):
        request(base=base)


@pytest.mark.parametrize("source", ["s", "/a b", "/a\r\nHost: x", "/" + "x" * 3000, ""])
def test_sources_that_are_none(source: str) -> None:
    with pytest.raises(SurveyError, match="not the path of a file"):
        request(source=source)


def test_frame_names_are_accepted() -> None:
    path = make_frame_path(Field(301, 94, 3, 12), "r").as_posix()
    assert request(path).path == path
