"""SkyServer's client against the answers that the real service gives, and the faults it has."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from skyclass.errors import RemoteError
from skyclass.surveys.sdss import skyserver
from skyclass.surveys.sdss.skyserver import SkyServer, check_answer, says_too_many_queries
from skyclass.transfer.http_client import TransferSettings
from support.web_server import FakeClock, Reply, Server

QUERY = "SELECT * FROM stars"
PATH = "/dr17/SkyServerWS/SearchTools/SqlSearch"
ERROR_PAGE = "<html><head><title>Skyserver Error</title></head><body>Invalid column 'x'</body>"
RATE = '#Table1\n"ERROR: Maximum 60 queries allowed per minute. Rejected query: SELECT 1'
TABLE = b"#Table1\nspecobjid\n7\n"


def client(server: Server, fake_clock: FakeClock, **settings: float) -> SkyServer:
    limits = TransferSettings(connections=1, **{"rate": 0, "retries": 5, **settings})
    return SkyServer(17, server.url, limits, fake_clock.clock)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.Response(200, text=RATE),
        httpx2.Response(503, text="busy"),
        httpx2.Response(429, text="slow down"),
        httpx2.Response(500, text="failed"),
        httpx2.Response(200, text="<html><title>Proxy</title></html>"),
        httpx2.Response(200, text=""),
        httpx2.Response(200, text="#Table1\nspecobjid,ra,dec\n1,2,3\n4,5\n"),
        httpx2.Response(200, text="#Table1\nspecobjid,ra,dec\n1,2,3\n4,5,6.123"),
    ],
)
def test_another_attempt_after_a_passing_error(
    answer, fake_clock: FakeClock, trouble: httpx2.Response
) -> None:
    asked = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return trouble if len(asked) == 1 else httpx2.Response(200, content=TABLE)

    answer(handler)
    assert SkyServer(clock=fake_clock.clock).query(QUERY) == "specobjid\n7\n"
    assert len(asked) == 2


def test_gives_up_in_the_end(answer, fake_clock: FakeClock) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route to host")

    answer(handler)
    message = r"SqlSearch: cannot connect: no route to host \(6 attempts\)"
    with pytest.raises(RemoteError, match=message):
        SkyServer(clock=fake_clock.clock).query(QUERY)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx2.Response(200, text=ERROR_PAGE), "refused: Invalid column 'x'"),
        (
            httpx2.Response(400, json={"ErrorCode": 400, "ErrorMessage": "Incorrect syntax"}),
            "refused: Incorrect syntax",
        ),
        (
            httpx2.Response(500, json={"ErrorCode": 500, "ErrorMessage": "Invalid object name"}),
            "refused: Invalid object name",
        ),
        (httpx2.Response(200, text='#Table1\n"ERROR: no such table'), "ERROR: no such table"),
    ],
)
def test_a_wrong_query_is_not_repeated(
    answer, fake_clock: FakeClock, response: httpx2.Response, message: str
) -> None:
    asked = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return response

    answer(handler)
    with pytest.raises(RemoteError, match=message):
        SkyServer(clock=fake_clock.clock).query(QUERY)
    assert len(asked) == 1


def test_the_real_answer_to_a_cross_identification(real_data: Path) -> None:
    text = (real_data / "services" / "astroquery" / "xid_sp.txt").read_text()
    table = check_answer("https://example.org", 200, text)
    assert table is not None
    assert not table.startswith("#")
    assert len(table.splitlines()) == len(text.strip().splitlines()) - 1


def test_queries_keep_to_the_rate(server: Server, fake_clock: FakeClock) -> None:
    server.files[PATH] = TABLE
    skyserver_client = client(server, fake_clock, rate=50 / 60)
    for _ in range(4):
        assert skyserver_client.query(QUERY) == "specobjid\n7\n"
    assert fake_clock.slept == pytest.approx([1.2] * 3)
    assert all(h["User-Agent"].startswith("skyclass/") for _, h, _ in server.log)


@pytest.mark.parametrize("reply", [Reply(RATE.encode()), Reply(b"", 429)])
def test_a_limit_by_the_minute_is_waited_for(
    server: Server, fake_clock: FakeClock, reply: Reply
) -> None:
    server.files[PATH] = TABLE
    server.faults[PATH] = [reply] * 3
    assert client(server, fake_clock).query(QUERY) == "specobjid\n7\n"
    for wait, longest in zip(fake_clock.slept, (16, 32, 60), strict=True):
        assert longest / 2 <= wait <= longest


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(server: Server, fake_clock: FakeClock, status: int) -> None:
    server.files[PATH] = TABLE
    server.faults[PATH] = [Reply(b"", status, {"Retry-After": "70"})]
    assert client(server, fake_clock).query(QUERY) == "specobjid\n7\n"
    assert fake_clock.slept == pytest.approx([70.0])


def test_a_long_retry_after_ends_the_query(server: Server, fake_clock: FakeClock) -> None:
    server.faults[PATH] = [Reply(b"", 503, {"Retry-After": "7200"})]
    with pytest.raises(RemoteError, match="asks to wait 7200 s"):
        client(server, fake_clock).query(QUERY)
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(TABLE * 100), "has more than 1000 bytes"),
        (Reply(b"", declared=2**40), "has more than 1000 bytes"),
        (Reply(TABLE * 100, endless=True), "does not end after 1000 bytes"),
    ],
)
def test_an_oversized_answer_is_refused(
    server: Server,
    fake_clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    message: str,
) -> None:
    monkeypatch.setattr(skyserver, "MAX_ANSWER", 1000)
    server.faults[PATH] = [reply]
    with pytest.raises(RemoteError, match=f"SqlSearch: the answer {message}"):
        client(server, fake_clock).query(QUERY)
    assert len(server.log) == 1


def test_waits_grow_where_the_service_fails(server: Server, fake_clock: FakeClock) -> None:
    server.faults[PATH] = [Reply(b"failed", 500)] * 6
    with pytest.raises(RemoteError, match=r"HTTP 500 \(6 attempts\)"):
        client(server, fake_clock).query(QUERY)
    assert len(server.log) == 6
    for attempt, seconds in enumerate(fake_clock.slept):
        assert 0.25 * 2**attempt <= seconds <= 0.5 * 2**attempt


def test_a_refused_connection(fake_clock: FakeClock) -> None:
    settings = TransferSettings(retries=1)
    server = SkyServer(17, "http://127.0.0.1:9", settings, fake_clock.clock)
    with pytest.raises(RemoteError, match=r"cannot connect: .* \(2 attempts\)"):
        server.query(QUERY)


def test_works_inside_an_event_loop(server: Server, fake_clock: FakeClock) -> None:
    server.files[PATH] = TABLE

    async def notebook() -> str | None:
        return client(server, fake_clock).query(QUERY)

    assert asyncio.run(notebook()) == "specobjid\n7\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (RATE.encode(), True),
        (b"Too Many Requests", True),
        (b"Maximum height of a picture", False),
        (b"\xff\xd8\xff", False),
    ],
)
def test_messages_of_overload(head: bytes, expected: bool) -> None:
    assert says_too_many_queries(head) is expected
