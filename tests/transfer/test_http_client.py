"""Requests by the HTTP client, also over TLS, where hypercorn can offer HTTP/2."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config

from skyclass.errors import RemoteError
from skyclass.transfer.errors import NotFoundError, PermanentError, TransientError
from skyclass.transfer.http_client import HttpClient, TransferSettings, raise_for_status
from support.sdss_frames import KEY, assert_complete, frame_url, run, serve_field
from support.web_server import FakeClock, Reply, Server

ROWS = 400
"""Rows of a frame that weighs more than what is worth resuming."""


class SecureServer:
    """Serves `files` with ETag and Range; bodies in `cut` break off in the middle, once."""

    def __init__(self, folder: Path, protocols: list[str]) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.log: list[tuple[str, str, str, int]] = []
        self.version = "2" if "h2" in protocols else "1.1"
        place = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{place.getsockname()[1]}"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            folder / "server.pem"
        )
        self.config = Config()
        self.config.bind = [f"fd://{place.detach()}"]
        self.config.certfile = self.config.keyfile = str(folder / "server.pem")
        self.config.alpn_protocols = protocols
        self.config.errorlog = None
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        shutdown = self._closing.wait
        self._loop.run_until_complete(serve(self._app, self.config, shutdown_trigger=shutdown))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._loop.close()

    async def _app(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        path, headers = scope["path"], dict(scope["headers"])
        asked = headers.get(b"range", b"").decode()
        self.log.append((path, scope["http_version"], asked, scope["client"][1]))
        body = self.files[path]
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        answer = [(b"content-length", str(len(body) - start).encode()), (b"etag", b'"one"')]
        if start:
            whole = f"bytes {start}-{len(body) - 1}/{len(body)}"
            answer.append((b"content-range", whole.encode()))
        status = 206 if start else 200
        await send({"type": "http.response.start", "status": status, "headers": answer})
        if path in self.cut:
            self.cut.remove(path)
            half = body[start : len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            raise ConnectionResetError
        await send({"type": "http.response.body", "body": body[start:]})


@pytest.fixture(params=[["h2", "http/1.1"], ["http/1.1"]], ids=["offered", "not offered"])
def secure(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecureServer]:
    made = SecureServer(tmp_path, request.param)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    yield made
    made.close()


def test_http2_is_used_where_the_server_offers_it(
    secure: SecureServer, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(secure, KEY)
    out = tmp_path / "frames"
    run(secure, out, fake_clock, connections=2)
    assert_complete(secure, out)
    assert {version for _, version, _, _ in secure.log} == {secure.version}
    assert len({port for *_, port in secure.log}) <= 2


def test_a_body_that_breaks_off_is_resumed(
    secure: SecureServer, tmp_path: Path, fake_clock: FakeClock
) -> None:
    serve_field(secure, KEY, ROWS)
    broken = frame_url(KEY, "r")
    secure.cut.add(broken)
    # hypercorn leaves a broken stream of HTTP/2 open until its connection has been idle that long
    secure.config.keep_alive_timeout = 0.1
    out = tmp_path / "frames"
    run(secure, out, fake_clock)
    assert_complete(secure, out)
    ranges = [asked for path, _, asked, _ in secure.log if path == broken]
    assert ranges[0] == ""
    assert len(ranges) == 2
    assert 0 < int(ranges[1].removeprefix("bytes=").rstrip("-")) <= len(secure.files[broken]) // 2


def read(server: Server, fake_clock: FakeClock, limit: int = 1000) -> str:
    client = HttpClient(TransferSettings(rate=0), fake_clock.clock)

    async def attempt() -> str:
        response, text = await client.read_text("GET", f"{server.url}/x", limit)
        raise_for_status(response)
        return text

    async def main() -> str:
        async with client:
            return await client.retry(server.url, attempt)

    return asyncio.run(main())


def test_attempts_are_repeated_after_passing_errors_only(
    server: Server, fake_clock: FakeClock
) -> None:
    server.files["/x"] = b"text"
    server.faults["/x"] = [Reply(b"", 500), Reply(b"te", declared=4)]
    assert read(server, fake_clock) == "text"
    assert (len(server.log), len(fake_clock.slept)) == (3, 2)
    server.faults["/x"] = [Reply(b"", 403)]
    with pytest.raises(PermanentError, match="HTTP 403"):
        read(server, fake_clock)
    assert len(server.log) == 4


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"x" * 1001), "has more than 1000 bytes"),
        (Reply(b"x" * 100, endless=True), "does not end after 1000 bytes"),
    ],
)
def test_a_longer_answer_is_refused(
    server: Server, fake_clock: FakeClock, reply: Reply, message: str
) -> None:
    server.faults["/x"] = [reply]
    with pytest.raises(PermanentError, match=message):
        read(server, fake_clock)


def test_a_client_serves_one_event_loop_after_another(
    server: Server, fake_clock: FakeClock
) -> None:
    server.files["/x"] = b"text"
    client = HttpClient(TransferSettings(connections=1, rate=2), fake_clock.clock)

    async def main() -> None:
        async with client:
            await client.read_text("GET", f"{server.url}/x", 1000)

    for _ in range(3):
        asyncio.run(main())
    assert fake_clock.slept == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("status", "header", "error"),
    [
        (404, None, NotFoundError),
        (410, None, NotFoundError),
        (301, None, PermanentError),
        (403, None, PermanentError),
        (416, None, TransientError),
        (500, None, TransientError),
        (429, "300", TransientError),
        (429, "301", RemoteError),
    ],
)
def test_what_a_status_code_means(status: int, header: str | None, error: type[Exception]) -> None:
    headers = {} if header is None else {"Retry-After": header}
    request = httpx2.Request("GET", "https://example.org/x?y")
    with pytest.raises(error) as caught:
        raise_for_status(httpx2.Response(status, headers=headers, request=request))
    if isinstance(caught.value, TransientError):
        assert caught.value.rate_limited == (status == 429)
        assert caught.value.discard == (status == 416)
        assert caught.value.processed == (status != 429)


@pytest.mark.parametrize("status", [200, 206])
def test_a_success_raises_nothing(status: int) -> None:
    response = httpx2.Response(status)
    raise_for_status(response)
    assert response.is_success  # the statuses that are let through are httpx2's successes
