"""Names, addresses and the pace of requests: nothing leaves the directory, nobody is overrun."""

import asyncio
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys.download import download
from skyclass.surveys.file_kinds import Picture, shard_path
from skyclass.surveys.sdss.layout import Field, frame_path
from skyclass.surveys.sdss.requests import frame_requests, frames_address
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.rate_limit import RateLimiter, compute_backoff, parse_retry_after
from support.sdss_frames import catalog_of
from support.web_server import FakeClock

TAIL = "301/94/3/frame-r-000094-3-0012.fits.bz2"


@pytest.mark.parametrize(
    ("release", "address"),
    [
        (8, "https://data.sdss.org/sas/dr8/groups/boss/photoObj/frames/"),
        (9, "https://data.sdss.org/sas/dr9/boss/photoObj/frames/"),
        (12, "https://dr12.sdss.org/sas/dr12/boss/photoObj/frames/"),
        (13, "https://data.sdss.org/sas/dr13/eboss/photoObj/frames/"),
        (17, "https://data.sdss.org/sas/dr17/eboss/photoObj/frames/"),
        (18, "https://dr18.sdss.org/sas/dr18/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
        (19, "https://dr19.sdss.org/sas/dr19/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
    ],
)
def test_addresses_of_frames(release: int, address: str) -> None:
    row = {"rerun": 301, "run": 94, "camcol": 3, "field": 12}
    requests = frame_requests(row, SurveyConfig(release=release), Picture())
    assert requests[2].url == address + TAIL
    assert requests[2].path == TAIL
    assert [Path(request.path).name[6] for request in requests] == list("ugriz")


@pytest.mark.parametrize("release", [7, 20])
def test_releases_without_frames(release: int) -> None:
    with pytest.raises(SurveyError, match="has no frames of this kind"):
        frames_address(release)


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
    with pytest.raises(SurveyError, match="no name for a downloaded file"):
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
    with pytest.raises(SurveyError, match="no address of an archive"):
        request(base=base)


@pytest.mark.parametrize("source", ["s", "/a b", "/a\r\nHost: x", "/" + "x" * 3000, ""])
def test_sources_that_are_none(source: str) -> None:
    with pytest.raises(SurveyError, match="no path of an archive"):
        request(source=source)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("run", "../../x"),
        ("run", 0),
        ("run", 10**7),
        ("camcol", 7),
        ("field", 1.5),
        ("rerun", -1),
        ("field", None),
        ("field", float("inf")),
    ],
)
def test_rows_that_are_no_field(tmp_path: Path, column: str, value: object) -> None:
    table = catalog_of(Field(301, 94, 3, 12), Field(301, 94, 3, 13)).astype(object)
    table.loc[1, column] = value
    with pytest.raises(SurveyError, match=f"row 2 of the catalogue has {column}"):
        download(table, tmp_path / "out")
    nullable = table.copy()
    nullable["field"] = pd.array([1, None], dtype="Int64")
    with pytest.raises(SurveyError, match="row 2"):
        download(nullable, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_without_the_columns(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="frames needs the column 'rerun'"):
        download(pd.DataFrame({"ra": [1.0]}), tmp_path)
    with pytest.raises(SurveyError, match="has no row"):
        download(catalog_of().astype(int), tmp_path)


def test_folders_stay_small() -> None:
    names = [shard_path("f", str(number)) for number in range(20_000)]
    counts = pd.Series([name.split("/")[1] for name in names]).value_counts()
    assert counts.max() < 25
    assert len(set(names)) == len(names)


def test_pace_keeps_the_rate(fake_clock: FakeClock) -> None:
    pace, starts = RateLimiter(10.0, fake_clock.clock), []

    async def three() -> None:
        for _ in range(3):
            await pace.turn()
            starts.append(fake_clock.time)
        pace.hold(60)
        await pace.turn()
        starts.append(fake_clock.time)

    asyncio.run(three())
    assert starts == pytest.approx([1000.0, 1000.1, 1000.2, 1060.2])


def test_no_rate_is_no_wait(fake_clock: FakeClock) -> None:
    async def many() -> None:
        pace = RateLimiter(0, fake_clock.clock)
        for _ in range(100):
            await pace.turn()

    asyncio.run(many())
    assert fake_clock.slept == []


def test_waits_grow_to_a_minute() -> None:
    for attempt in range(20):
        longest = min(60.0, 0.5 * 2**attempt)
        assert longest / 2 <= compute_backoff(attempt) <= longest


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), (None, None), ("", None), ("soon", None), ("-3", None), ("²", None)],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_retry_after_in_the_past() -> None:
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_frame_names_are_accepted() -> None:
    path = frame_path(Field(301, 94, 3, 12), "r").as_posix()
    assert request(path).path == path
