"""Frames under the paths of every release, whole and in part; nothing outside the directory."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

ROOTS = {
    8: "groups/boss",
    9: "boss",
    12: "boss",
    13: "eboss",
    17: "eboss",
    18: "prior-surveys/sdss4-dr17-eboss",
    19: "prior-surveys/sdss4-dr17-eboss",
}
FRAME = "301/9001/1/frame-r-009001-1-0100.fits.bz2"


def path_of(release: int, frame: str = FRAME) -> str:
    return f"/sas/dr{release}/{ROOTS[release]}/photoObj/frames/{frame}"


@pytest.fixture(scope="module")
def content(small_survey: Path) -> bytes:
    return (small_survey / "frames" / FRAME).read_bytes()


@pytest.mark.parametrize("release", ROOTS)
def test_every_release_has_the_frame(url: str, content: bytes, release: int) -> None:
    answer = httpx2.get(url + path_of(release))
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-type"] == "application/x-bzip2"


def test_head_tells_length_and_tag_without_a_body(url: str, content: bytes) -> None:
    head, get = httpx2.head(url + path_of(17)), httpx2.get(url + path_of(17))
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(content)
    assert head.headers["etag"] == get.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=1000-", 1000, None), ("bytes=-50", -50, None)],
)
def test_a_range_is_that_part(
    url: str, content: bytes, asked: str, start: int, stop: int | None
) -> None:
    answer = httpx2.get(url + path_of(17), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == content[start:stop]
    first = start % len(content)
    last = (stop or len(content)) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"


def test_a_range_beyond_the_end_cannot_be_met(url: str, content: bytes) -> None:
    answer = httpx2.get(url + path_of(17), headers={"Range": f"bytes={len(content)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


def test_a_range_of_a_changed_file_is_the_whole_file(url: str, content: bytes) -> None:
    tag = httpx2.head(url + path_of(17)).headers["etag"]
    same = httpx2.get(url + path_of(17), headers={"Range": "bytes=5-9", "If-Range": tag})
    other = httpx2.get(url + path_of(17), headers={"Range": "bytes=5-9", "If-Range": '"old"'})
    assert (same.status_code, same.content) == (206, content[5:10])
    assert (other.status_code, other.content) == (200, content)


def test_an_unchanged_file_is_not_sent_again(url: str) -> None:
    tag = httpx2.head(url + path_of(17)).headers["etag"]
    answer = httpx2.get(url + path_of(17), headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        path_of(17).replace("dr17", "dr7"),
        path_of(17).replace("eboss", "boss"),
        path_of(17).replace("0100", "0999"),
        path_of(17).replace("009001-1", "009001-2"),
        path_of(17).replace("301", "302"),
        path_of(17) + ".gz",
    ],
)
def test_what_is_not_there_is_not_found(url: str, path: str) -> None:
    assert httpx2.get(url + path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../catalog.csv",
        "/sas/dr17/eboss/photoObj/frames/../../catalog.csv",
        "/sas/dr17/eboss/photoObj/frames/301/%2e%2e/%2e%2e/catalog.csv",
        "/sas/dr17/eboss/photoObj/frames/301/9001/1/..%2f..%2f..%2f..%2fcatalog.csv",
        "/sas/dr17/eboss/photoObj/frames/301/9001/1/frame-r-009001-1-0100.fits.bz2%00.txt",
        "/sas/dr17/../../../../../../../etc/passwd",
        "//etc/passwd",
        "/catalog.csv",
        "/simulation.json",
    ],
)
def test_nothing_but_frames_is_ever_given(url: str, path: str) -> None:
    # http.client sends a path as it is, httpx2 would tidy it up first
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 404
    assert answer.read() == b"Not Found\n"
    connection.close()
