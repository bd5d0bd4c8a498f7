"""Downloads against a server that does what servers do, good and bad."""

import asyncio
import bz2
import io
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyclass.config.sections import SurveyConfig
from skyclass.errors import OutputError, RemoteError, SurveyError
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import Picture
from skyclass.surveys.sdss.layout import Field, find_frame, make_frame_path
from skyclass.surveys.sdss.raw_frame import read_frame
from skyclass.transfer.download_status import read_status
from skyclass.transfer.downloader import MAX_FAILURES_IN_A_ROW, PARTIALS
from support.sdss_frames import (
    KEY,
    assert_complete,
    at,
    catalog_of,
    frame_bytes,
    frame_url,
    run,
    serve_field,
)
from support.web_server import FakeClock, Reply, Server, flipped, wait_for

OTHER = Field(301, 94, 3, 13)
R = frame_url(KEY, "r")


def test_a_second_run_asks_nothing(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY)
    serve_field(server, OTHER)
    seen = []

    def note(stage: str, done: int, total: int, detail: str = "") -> None:
        assert (stage, total) == ("frames", 10)
        assert re.fullmatch(r"[0-9.]+ files/s [0-9.]+ MB/s 0 failed", detail)
        seen.append(done)

    counts = run(server, tmp_path, fake_clock, KEY, OTHER, KEY, progress=note)
    assert (counts.fetched, counts.total, counts.failed) == (10, 10, 0)
    assert seen == list(range(1, 11))
    assert counts.received == sum(len(body) for body in server.files.values())
    assert_complete(server, tmp_path, KEY, OTHER)
    assert all(h["User-Agent"].startswith("skyclass/") for _, h, _ in server.log)
    again = run(server, tmp_path, fake_clock, KEY, OTHER)
    assert (again.present, again.fetched, len(server.log)) == (10, 0, 10)


def test_a_lost_or_changed_file_is_fetched_again(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    run(server, tmp_path, fake_clock)
    (tmp_path / make_frame_path(KEY, "u")).unlink()
    (tmp_path / make_frame_path(KEY, "g")).write_bytes(b"something else")
    assert "changed or removed" in find_missing_files(catalog_of(KEY), tmp_path).iloc[0]
    assert run(server, tmp_path, fake_clock).fetched == 2
    assert_complete(server, tmp_path)


def test_resumes_by_range(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY, rows=200)
    whole = server.files[R]
    headers = server.reply(R).headers
    server.faults[R] = [Reply(whole[:200_000], headers=headers, declared=len(whole))]
    assert run(server, tmp_path, fake_clock).failed == 0
    (_, second) = [(h, n) for path, h, n in server.log if path == R]
    assert second[0]["If-Range"] == headers["ETag"]
    begun = int(second[0]["Range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < begun <= 200_000
    assert second[1] == len(whole) - begun
    assert_complete(server, tmp_path)


@pytest.mark.parametrize("ranges", [True, False])
def test_does_not_resume_another_version(
    server: Server, tmp_path: Path, fake_clock: FakeClock, ranges: bool
) -> None:
    serve_field(server, KEY, rows=200)
    server.ranges = ranges
    other = frame_bytes(KEY, "r", rows=210)
    server.faults[R] = [
        Reply(other[:200_000], headers={"ETag": '"older"'}, declared=len(other)),
    ]
    assert run(server, tmp_path, fake_clock).failed == 0
    assert_complete(server, tmp_path)


def test_a_wrong_part_is_thrown_away(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY, rows=200)
    whole = server.files[R]
    headers = server.reply(R).headers
    part = {"Content-Range": f"bytes 5-{len(whole) - 1}/{len(whole)}"}
    server.faults[R] = [
        Reply(whole[:200_000], headers=headers, declared=len(whole)),
        Reply(whole[5:], 206, part),
        Reply(b"", 416),
    ]
    assert run(server, tmp_path, fake_clock).failed == 0
    assert_complete(server, tmp_path)


def in_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("status", "dated"), [(429, False), (503, False), (503, True)])
def test_retry_after_holds_the_host(
    server: Server, tmp_path: Path, fake_clock: FakeClock, status: int, dated: bool
) -> None:
    serve_field(server, KEY)
    wait = in_date(120) if dated else "70"
    server.faults[R] = [Reply(b"", status, {"Retry-After": wait})]
    assert run(server, tmp_path, fake_clock, connections=1).failed == 0
    assert max(fake_clock.slept) > 60
    assert_complete(server, tmp_path)


def test_a_limit_by_the_minute_is_waited_for(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    server.faults[R] = [Reply(b"Maximum 60 queries allowed per minute"), Reply(b"", 429)] * 2
    assert run(server, tmp_path, fake_clock).failed == 0
    assert sum(fake_clock.slept) > 60
    assert_complete(server, tmp_path)


def test_a_long_retry_after_ends_the_run(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    server.faults[R] = [Reply(b"", 503, {"Retry-After": "7200"})]
    with pytest.raises(RemoteError, match="asks to wait 7200 s"):
        run(server, tmp_path, fake_clock)


def test_backs_off_ever_longer(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY)
    server.faults[R] = [Reply(b"", 500)] * 5
    run(server, tmp_path, fake_clock)
    assert len(fake_clock.slept) == 5
    for attempt, seconds in enumerate(fake_clock.slept):
        assert 0.25 * 2**attempt <= seconds <= 0.5 * 2**attempt
    assert_complete(server, tmp_path)


def test_absent_is_remembered_of_this_archive_only(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    body = server.files.pop(R)
    assert run(server, tmp_path, fake_clock).absent == 1
    asked = len(server.log)
    server.files[R] = body
    assert run(server, tmp_path, fake_clock).absent == 1
    assert len(server.log) == asked
    other = at(server, base_url=f"{server.url}/")
    mirror = download_kind(catalog_of(KEY), tmp_path, survey=other, clock=fake_clock.clock)
    assert mirror.absent == 1
    assert run(server, tmp_path, fake_clock, retry_absent=True).fetched == 1
    assert_complete(server, tmp_path)


def test_works_inside_an_event_loop(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY)

    async def notebook() -> None:
        run(server, tmp_path, fake_clock)

    asyncio.run(notebook())
    assert_complete(server, tmp_path)


def test_another_release_is_fetched_anew(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    for path in list(server.files):
        server.files[path.replace("dr17/eboss", "dr12/boss")] = server.files[path]
    run(server, tmp_path, fake_clock)
    survey = at(server, release=12)
    again = download_kind(catalog_of(KEY), tmp_path, survey=survey, clock=fake_clock.clock)
    assert again.fetched == 5


def test_gives_up_on_a_service_that_fails(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    keys = [Field(301, 94, 1, number) for number in range(1, 40)]
    for key in keys:
        for band in "ugriz":
            server.faults[frame_url(key, band)] = [Reply(b"", 403)]
    with pytest.raises(RemoteError, match=f"{MAX_FAILURES_IN_A_ROW} files in a row failed"):
        run(server, tmp_path, fake_clock, *keys)
    assert len(server.log) < MAX_FAILURES_IN_A_ROW + 10


def test_nobody_answers(tmp_path: Path, fake_clock: FakeClock) -> None:
    survey = SurveyConfig(base_url="http://127.0.0.1:9", retries=1)
    with pytest.raises(RemoteError, match="cannot connect"):
        download_kind(catalog_of(KEY), tmp_path, survey=survey, clock=fake_clock.clock)


def command(server: Server, table: Path, out: Path) -> list[str]:
    arguments = ["--catalog", str(table), "--out", str(out), "--base-url", server.url]
    return [sys.executable, "-m", "skyclass", "download", *arguments, "--rate", "0"]


def test_killed_and_gone_on_with(server: Server, tmp_path: Path) -> None:
    keys = [KEY, OTHER]
    for key in keys:
        serve_field(server, key, rows=400)
    out, table = tmp_path / "out", tmp_path / "table.csv"
    catalog_of(*keys).to_csv(table, index=False)
    release = threading.Event()
    last = frame_url(OTHER, "z")
    whole = server.files[last]
    half = Reply(
        whole[: len(whole) // 2],
        headers=server.reply(last).headers,
        declared=len(whole),
        hold=release,
    )
    server.faults[last] = [half]
    process = subprocess.Popen(command(server, table, out))
    wait_for(lambda: "9 done" in str(read_status(out)) and _begun(out) > 300_000)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    release.set()
    assert not (out / make_frame_path(OTHER, "z")).exists()
    done = subprocess.run(command(server, table, out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "10 done" in done.stdout
    assert_complete(server, out, *keys)
    assert len(server.log) == 11
    sent = sum(size for _, _, size in server.log)
    assert sent < 1.02 * sum(len(body) for body in server.files.values())


def _begun(out: Path) -> int:
    return sum(path.stat().st_size for path in (out / PARTIALS).glob("*"))


def test_two_at_once(server: Server, tmp_path: Path) -> None:
    keys = [Field(301, 94, 3, number) for number in range(11, 21)]
    for key in keys:
        serve_field(server, key)
    out, table = tmp_path / "out", tmp_path / "table.csv"
    catalog_of(*keys).to_csv(table, index=False)
    both = [subprocess.Popen(command(server, table, out)) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert sorted(server.paths) == sorted(server.files)
    assert_complete(server, out, *keys)


def test_kept_decompressed(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY)
    run(server, tmp_path, fake_clock)
    packed = read_frame(find_frame(tmp_path, KEY, "r")).data
    assert run(server, tmp_path, fake_clock, unpack=True).present == 5
    assert len(server.log) == 5
    path = find_frame(tmp_path, KEY, "r")
    assert path.suffix == ".fits"
    assert path.read_bytes() == bz2.decompress(server.files[R])
    np.testing.assert_array_equal(read_frame(path).data, packed)
    assert run(server, tmp_path, fake_clock, unpack=True).present == 5
    assert run(server, tmp_path, fake_clock).present == 5
    assert list(find_missing_files(catalog_of(KEY), tmp_path)) == [""]
    assert not list(tmp_path.rglob("*.bz2"))


def test_files_without_a_list_are_adopted_after_a_check(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    run(server, tmp_path, fake_clock)
    (tmp_path / "downloads.sqlite").unlink()
    (tmp_path / make_frame_path(KEY, "i")).write_bytes(flipped(server.files[frame_url(KEY, "i")]))
    counts = run(server, tmp_path, fake_clock)
    assert (counts.present, counts.fetched) == (4, 1)
    assert_complete(server, tmp_path)


def test_objects_lacking_a_file_are_named(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(server, KEY)
    serve_field(server, OTHER)
    del server.files[frame_url(OTHER, "z")]
    run(server, tmp_path, fake_clock, KEY, OTHER)
    table = catalog_of(OTHER, KEY, OTHER, Field(301, 1, 1, 1))
    table.index = [5, 5, 7, 9]
    missing = find_missing_files(table, tmp_path)
    assert list(missing.index) == [5, 5, 7, 9]
    assert [text == "" for text in missing] == [False, True, False, False]
    assert "frame-z-000094-3-0013.fits.bz2: absent (HTTP 404)" in missing.iloc[0]
    assert "not asked for" in missing.iloc[3]


def test_no_space_is_one_line(server: Server, tmp_path: Path, fake_clock: FakeClock) -> None:
    serve_field(server, KEY)
    (tmp_path / "301").write_text("a file in the way")
    with pytest.raises(OutputError, match="cannot make the directory"):
        run(server, tmp_path, fake_clock)


def test_requests_are_made_as_they_are_needed(server: Server, tmp_path: Path) -> None:
    from skyclass.surveys.sdss.requests import request_frames
    from skyclass.transfer.downloader import download_files
    from skyclass.transfer.http_client import TransferSettings

    keys = [Field(301, 94, 3, number) for number in range(11, 31)]
    ahead = []
    made = 0

    def requests():
        nonlocal made
        for key in keys:
            serve_field(server, key)
            row = dict(
                zip(("rerun", "run", "camcol", "field"), (301, 94, 3, key.field), strict=True)
            )
            for request in request_frames(row, at(server), Picture()):
                made += 1
                yield request

    def progress(_stage: str, done: int, _total: int, _detail: str = "") -> None:
        ahead.append(made - done)

    settings = TransferSettings(connections=4, rate=0)
    download_files(requests(), tmp_path, settings, total=100, progress=progress)
    # two for each connection: one that uses it, one that is checked
    assert max(ahead) <= 8


def test_a_frame_must_be_fits_in_the_first_place(tmp_path: Path) -> None:
    from skyclass.surveys.sdss.requests import check_frame

    buffer = io.BytesIO()
    fits.PrimaryHDU(np.zeros((3, 3), np.int16)).writeto(buffer)
    path = tmp_path / "x.fits"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(SurveyError, match="no two-dimensional float32 image"):
        check_frame(path, KEY, "r")
