"""Answers that are not the file: none is accepted, none is remembered as an answer."""

import bz2
import gzip
import re
from pathlib import Path

import pytest

from skyclass.surveys.sdss.layout import Field, make_frame_path
from skyclass.transfer.download_status import read_status
from support.sdss_frames import KEY, assert_complete, frame_bytes, frame_url, run, serve_field
from support.web_server import FakeClock, Reply, Server, flipped

OTHER = Field(301, 94, 3, 13)
R = frame_url(KEY, "r")


def unpacked_then(body: bytes, change) -> bytes:
    return bz2.compress(change(bz2.decompress(body)))


GOOD = frame_bytes(KEY, "r")
BOMB = b"SIMPLE  =" + bytes(70 * 2**20)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GOOD[: len(GOOD) // 2], "truncated"),
        (flipped(GOOD), "broken"),
        (GOOD + b"more", "broken|bytes after|not"),
        (b"<html><title>Down for maintenance</title></html>", "HTML page .Down for maintenance"),
        (b'{"error": "no"}', "is a message"),
        (b"Maximum 60 queries allowed per minute", "too many queries"),
        (b"", "is empty"),
        (b"\x00" * 5000, "not a FITS file"),
        (unpacked_then(GOOD, lambda c: c[:-2880]), "truncated"),
        (unpacked_then(GOOD, lambda c: c + b"x" * 2880), "bytes after its end"),
        (unpacked_then(GOOD, lambda c: c[:80] + b"\xff" * 80 + c[160:]), "header that is not text"),
        (frame_bytes(KEY, "g"), "its FILTER is g"),
        (frame_bytes(KEY, "r", FILTER="g"), "its FILTER is g"),
        (frame_bytes(OTHER, "r"), "its FRAME is 13"),
        (frame_bytes(Field(301, 95, 3, 12), "r"), "its RUN is 95"),
        (frame_bytes(Field(301, 94, 4, 12), "r"), "its CAMCOL is 4"),
        (bz2.compress(BOMB), "decompresses to more than"),
        (gzip.compress(BOMB), "decompresses to more than"),
    ],
)
def test_rejected_bodies(
    server: Server, tmp_path: Path, fake_clock: FakeClock, body: bytes, reason: str
) -> None:
    serve_field(server, KEY)
    server.faults[R] = [Reply(body)] * 2
    first = run(server, tmp_path, fake_clock, retries=1)
    assert (first.failed, first.fetched) == (1, 4)
    assert re.search(reason, first.reason)
    assert not (tmp_path / make_frame_path(KEY, "r")).exists()
    assert "1 failed" in str(read_status(tmp_path))
    second = run(server, tmp_path, fake_clock)
    assert (second.fetched, second.present) == (1, 4)
    assert_complete(server, tmp_path)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(GOOD[:-100], declared=len(GOOD)), "broke off"),
        (Reply(b"x" * 2**20, endless=True), "does not end"),
        (Reply(b"", declared=2**40), "more than"),
        (Reply(b"no", 403), "HTTP 403"),
        (Reply(b"", 302, {"Location": "file:///etc/passwd"}), "no usable address"),
        (Reply(b"", 302, {"Location": R}), "no usable address"),
    ],
)
def test_rejected_answers(
    server: Server, tmp_path: Path, fake_clock: FakeClock, reply: Reply, reason: str
) -> None:
    serve_field(server, KEY)
    server.faults[R] = [reply] * 8
    first = run(server, tmp_path, fake_clock, retries=0)
    assert (first.failed, first.fetched) == (1, 4)
    assert reason in first.reason
    server.faults.clear()
    assert run(server, tmp_path, fake_clock).failed == 0
    assert_complete(server, tmp_path)
