"""The server: one thread a connection, HTTP/1.1 with connections kept open."""

import contextlib
import logging
import re
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from skyclass._version import __version__
from skyclass.errors import ArchiveError, SurveyError
from skyclass.files import AnyPath
from skyclass.mock_archive.casjobs_service import CasJobs
from skyclass.mock_archive.database import Database
from skyclass.mock_archive.faults import TRANSPORT, Faults, spoil
from skyclass.mock_archive.frame_files import FrameFiles
from skyclass.mock_archive.getjpeg_service import Jpeg
from skyclass.mock_archive.mosaic import Sky
from skyclass.mock_archive.panstarrs_services import PanStarrs
from skyclass.mock_archive.recorded_answers import Replay
from skyclass.mock_archive.responses import Answer, Request, text_answer
from skyclass.mock_archive.socket_faults import send_body
from skyclass.mock_archive.sqlsearch_service import SkyServer
from skyclass.surveys.sdss.layout import find_fields

__all__ = ["MockArchive", "serve_archive"]

CATALOG: Final = "catalog.csv"
"""Table of a directory that the query services answer from."""

MAX_BODY: Final = 10 * 2**20
"""Bytes of the largest request body that is read."""

TOKEN: Final = "local"
"""Token that CasJobs asks for where no other is set."""

_DIGITS: Final = 12

_log = logging.getLogger(__name__)


class _Service(Protocol):
    """One of the archive's services."""

    def answer(self, request: Request) -> Answer | None:
        """Answer a request, or none where it is meant for another service."""


class MockArchive:
    """A survey directory served as the real archives serve theirs.

    Use it as a context manager: ``with MockArchive(folder) as archive: ... archive.url``.

    Parameters
    ----------
    directory
        Made by `skyclass.simulate`, or any directory of real frames; a ``catalog.csv``
        in it is what the query services answer from.
    port
        TCP port; 0 for any that is free.
    host
        Address to listen on.
    faults
        Faults to make.
    latency
        Seconds to wait before every answer.
    replay
        Directory of recorded answers of the real services, which come first.
    queries
        Whether ``catalog.csv``, if there is one, is served to SQL queries too.
    queries_per_minute
        SQL queries a client may send in a minute, 0 for any number; the real service allows 60.
    token
        Token that a client of CasJobs must show.

    Raises
    ------
    ArchiveError
        Where the directory has no frames, the port is taken, or an extra is not installed.
    """

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        faults: Faults | None = None,
        latency: float = 0.0,
        replay: Path | None = None,
        queries: bool = True,
        queries_per_minute: int = 60,
        token: str = TOKEN,
    ) -> None:
        if latency < 0:
            raise ArchiveError(f"the latency must not be negative: {latency}")
        self.requests: Counter[str] = Counter()
        """Number of requests by target (path and query)."""
        self.faults = faults or Faults()
        """Faults being made."""
        self._latency = latency
        self._lock = threading.Lock()
        self._services = _services(
            directory, replay, (queries_per_minute, token) if queries else None
        )
        try:
            self._server = _Server((host, port), self)
        except (OSError, OverflowError) as error:
            raise ArchiveError(
                f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error};"
                " choose another port"
            ) from error

    @property
    def url(self) -> str:
        """Base URL, without a slash at its end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        """Begin to serve in the background."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, request: Request) -> tuple[Answer, str | None]:
        """Decide what a request is answered.

        Parameters
        ----------
        request
            A request.

        Returns
        -------
        answer
            Answer to send.
        fault
            Kind of the fault it was met with, or none.
        """
        with self._lock:
            number = self.requests[request.target]
            self.requests[request.target] += 1
        time.sleep(self._latency)
        fault = self.faults.draw(request.target, number)
        answer = self._right_answer(request)
        return (spoil(fault, answer, self.faults) if fault else answer), fault

    def _right_answer(self, request: Request) -> Answer:
        """Ask the services in turn."""
        try:
            for service in self._services:
                answer = service.answer(request)
                if answer is not None:
                    return answer
        except Exception:  # one request must not end the server
            _log.exception("no answer for %s", request.target[:200])
            return text_answer(500, "Internal Server Error\n")
        return text_answer(404, "Not Found\n")


def _services(
    directory: Path, replay: Path | None, queries: tuple[int, str] | None
) -> list[_Service]:
    """Make the services of a directory; those of queries by their limit and token."""
    try:
        folders = find_fields([directory])
    except SurveyError as error:
        raise ArchiveError(str(error)) from error
    sky = Sky(folders)
    services: list[_Service] = [Replay(replay)] if replay else []
    services += [FrameFiles(folders), Jpeg(sky), PanStarrs(sky)]
    catalog = directory / CATALOG
    if queries is not None and catalog.is_file():
        database, (limit, token) = Database(catalog), queries
        services += [SkyServer(database, limit), CasJobs(database, token)]
    return services


@contextlib.contextmanager
def serve_archive(directory: AnyPath, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve a directory while a block runs.

    Parameters
    ----------
    directory, port, **options
        As of `MockArchive`.

    Yields
    ------
    str
        Base URL.

    Raises
    ------
    ArchiveError
        As of `MockArchive`.
    """
    directory = Path(directory)
    with MockArchive(directory, port, **options) as archive:
        yield archive.url


class _Server(ThreadingHTTPServer):
    """Listens, and gives each connection a thread that does not outlive the process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], archive: MockArchive) -> None:
        self.archive = archive
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep silent about clients that went away."""
        _log.debug("connection from %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and sends answers."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = f"skyclass-archive/{__version__}"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log quietly."""
        _log.debug(format, *args)

    def do_GET(self) -> None:
        """Answer any method."""
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True
            self._send(refusal, None)
            return
        request = self._request(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        answer, fault = self.server.archive.reply(request)
        self._send(answer, fault)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _refusal(self) -> Answer | None:
        """Refuse a body that is too large or of unknown length, unread."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]+", length):
            return text_answer(411, "a body needs a Content-Length\n")
        if len(length) > _DIGITS or int(length) > MAX_BODY:
            return text_answer(413, f"a body may have {MAX_BODY} bytes at most\n")
        return None

    def _request(self, body: bytes) -> Request:
        """Decode the request."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            pairs += urllib.parse.parse_qsl(body.decode("utf-8", "replace"))
        return Request(
            self.command,
            self.path,
            urllib.parse.unquote(path),
            {name.lower(): value for name, value in pairs},
            headers,
            body,
            self.client_address[0],
        )

    def _send(self, answer: Answer, fault: str | None) -> None:
        """Send status, headers and body; a fault of the contents is in the answer already."""
        length = answer.length
        if fault == "length":
            length += max(1, length // 2)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        way = fault if fault in TRANSPORT else None
        seconds = self.server.archive.faults.slow_seconds
        if not send_body(self.connection, answer, way, seconds):
            self.close_connection = True
