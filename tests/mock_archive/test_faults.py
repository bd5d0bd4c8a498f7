"""Each fault as a client sees it; how often they come; the same seed, the same faults."""

import bz2
import math
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from skyclass.errors import ArchiveError
from skyclass.mock_archive.faults import KINDS, Faults, parse_faults
from skyclass.mock_archive.server import MockArchive

PATH = "/sas/dr17/eboss/photoObj/frames/301/9001/1/frame-r-009001-1-0100.fits.bz2"


def get_with(survey: Path, kind: str) -> httpx2.Response:
    with MockArchive(survey, faults=Faults({kind: 1.0}, slow_seconds=0.02)) as archive:
        return httpx2.get(archive.url + PATH)


@pytest.fixture(scope="module")
def content(small_survey: Path) -> bytes:
    return (small_survey / "frames" / PATH.partition("/frames/")[2]).read_bytes()


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("404", 404, b"Not Found"),
        ("503", 503, b"Service Unavailable"),
        ("html", 200, b"<html>"),
        ("limit", 200, b'error_message\n"ERROR: Maximum 60 queries allowed per minute.'),
        ("404-jpeg", 404, b"\xff\xd8\xff"),
    ],
)
def test_another_answer(small_survey: Path, kind: str, status: int, start: bytes) -> None:
    answer = get_with(small_survey, kind)
    assert answer.status_code == status
    assert answer.content.startswith(start)
    assert (answer.headers.get("retry-after") == "1") == (kind == "503")
    assert (answer.headers["content-type"] == "image/jpeg") == (kind == "404-jpeg")


def test_an_empty_body(small_survey: Path) -> None:
    answer = get_with(small_survey, "empty")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx2.ReadError), ("length", httpx2.RemoteProtocolError)]
)
def test_a_connection_that_ends_early(
    small_survey: Path, kind: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        get_with(small_survey, kind)


def test_a_slow_body_is_whole(small_survey: Path, content: bytes) -> None:
    assert get_with(small_survey, "slow").content == content


def test_a_truncated_file_is_half_a_file(small_survey: Path, content: bytes) -> None:
    answer = get_with(small_survey, "truncated")
    assert answer.content == content[: len(content) // 2]
    with pytest.raises(ValueError, match="end-of-stream"):
        bz2.decompress(answer.content)


def test_flipped_bytes_break_the_file(small_survey: Path, content: bytes) -> None:
    answer = get_with(small_survey, "flipped")
    assert len(answer.content) == len(content)
    assert sum(a != b for a, b in zip(answer.content, content, strict=True)) == 16
    with pytest.raises(OSError, match="Invalid data stream"):
        bz2.decompress(answer.content)


def test_each_kind_comes_at_its_rate() -> None:
    rates = {kind: 0.02 + 0.01 * i for i, kind in enumerate(KINDS)}
    count = 20_000
    drawn = Counter(Faults(rates, seed=3).draw("/path", number) for number in range(count))
    for kind, rate in rates.items():
        assert abs(drawn[kind] - count * rate) < 5 * math.sqrt(count * rate * (1 - rate))
    assert drawn[None] == count - sum(drawn[kind] for kind in KINDS)


def test_the_same_seed_gives_the_same_faults_and_tries_succeed(small_survey: Path) -> None:
    def statuses(seed: int) -> list[int]:
        faults = parse_faults(["404=0.4", "503=0.3"], seed)
        with MockArchive(small_survey, faults=faults) as archive:
            return [httpx2.head(archive.url + PATH).status_code for _ in range(40)]

    first = statuses(3)
    assert statuses(3) == first
    assert statuses(4) != first
    assert set(first) == {200, 404, 503}


def test_a_client_that_goes_on_from_where_it_was_gets_the_whole_file(
    small_survey: Path, content: bytes
) -> None:
    got, tag, tries = bytearray(), "", 0
    with MockArchive(small_survey, faults=Faults({"reset": 0.6, "503": 0.2}, seed=5)) as archive:
        while len(got) < len(content):
            headers = {"Range": f"bytes={len(got)}-", "If-Range": tag} if got else {}
            tries += 1
            try:
                with httpx2.stream("GET", archive.url + PATH, headers=headers) as answer:
                    if answer.status_code == 503:
                        continue
                    assert answer.status_code == (206 if got else 200)
                    tag = answer.headers["etag"]
                    for chunk in answer.iter_raw():
                        got += chunk
            except httpx2.ReadError:
                continue
        assert archive.requests[PATH] == tries
    assert tries > 2
    assert bytes(got) == content


def test_paths_meet_faults_independently() -> None:
    faults = Faults({"503": 0.5}, seed=1)
    drawn = {path: [faults.draw(path, n) for n in range(50)] for path in ("/a", "/b")}
    assert drawn["/a"] != drawn["/b"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["slwo=0.1"], "did you mean 'slow'"),
        (["404"], "write it as KIND=RATE"),
        (["404=much"], "write it as KIND=RATE"),
        (["404=1.5"], "between 0 and 1"),
        (["404=nan"], "between 0 and 1"),
        (["404=0.6", "503=0.6"], "add up to"),
    ],
)
def test_faults_that_cannot_be(texts: list[str], message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        parse_faults(texts, 1)
