"""The server: one thread per connection, HTTP/1.1 with connections kept open."""

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
from skyclass.mock_archive.casjobs_service import CasJobsService
from skyclass.mock_archive.database import Database
from skyclass.mock_archive.faults import TRANSPORT, Faults, apply_fault
from skyclass.mock_archive.frame_service import FrameService
from skyclass.mock_archive.getjpeg_service import GetJpegService
from skyclass.mock_archive.http_messages import Request, Response, make_text_response
from skyclass.mock_archive.legacysurveys_service import LegacySurveysService
from skyclass.mock_archive.mosaic import Mosaic
from skyclass.mock_archive.panstarrs_services import PanStarrsServices
from skyclass.mock_archive.recorded_answers import RecordedAnswers
from skyclass.mock_archive.socket_faults import send_body
from skyclass.mock_archive.sqlsearch_service import SqlSearchService
from skyclass.surveys.sdss.layout import find_fields

__all__ = ["MockArchive", "serve_archive"]

CATALOG: Final = "catalog.csv"
"""Table of a directory that SQL queries read."""

MAX_BODY: Final = 10 * 2**20
"""Most bytes of a request body."""

TOKEN: Final = "local"
"""Token of CasJobs where no other is set."""

_DIGITS: Final = 12

_log = logging.getLogger(__name__)


class _Service(Protocol):
    """One of the archive's services."""

    def answer(self, request: Request) -> Response | None:
        """Answer a request; None where it is meant for another service."""


class MockArchive:
    """A survey directory served as the real archives serve theirs.

    Use it as a context manager: ``with MockArchive(folder) as archive: ... archive.url``.

    Parameters
    ----------
    directory, port, host, faults, latency, replay, queries, queries_per_minute, token
        As for `serve_archive`.

    Raises
    ------
    ArchiveError
        As for `serve_archive`.
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
            raise ArchiveError(f"latency must not be negative, got {latency}")
        self.requests: Counter[str] = Counter()
        """Number of requests by target (path and query)."""
        self.faults = faults or Faults()
        """Faults that requests meet."""
        self._latency = latency
        self._lock = threading.Lock()
        self._services = _make_services(
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

    def reply(self, request: Request) -> tuple[Response, str | None]:
        """Decide on the response to a request.

        Parameters
        ----------
        request
            A request.

        Returns
        -------
        response
            Response to send.
        fault
            Kind of the fault that the request meets, or None.
        """
        with self._lock:
            number = self.requests[request.target]
            self.requests[request.target] += 1
        time.sleep(self._latency)
        fault = self.faults.draw(request.target, number)
        response = self._find_response(request)
        return (apply_fault(fault, response, self.faults) if fault else response), fault

    def _find_response(self, request: Request) -> Response:
        """Ask the services in turn."""
        try:
            for service in self._services:
                response = service.answer(request)
                if response is not None:
                    return response
        except Exception:  # one request must not end the server
            _log.exception("no response to %s", request.target[:200])
            return make_text_response(500, "Internal Server Error\n")
        return make_text_response(404, "Not Found\n")


def _make_services(
    directory: Path, replay: Path | None, queries: tuple[int, str] | None
) -> list[_Service]:
    """Make the services of a directory; `queries` are the rate limit and token of SQL queries."""
    try:
        folders = find_fields([directory])
    except SurveyError as error:
        raise ArchiveError(str(error)) from error
    mosaic = Mosaic(folders)
    services: list[_Service] = [RecordedAnswers(replay)] if replay else []
    catalog = directory / CATALOG
    services += [FrameService(folders), GetJpegService(mosaic), PanStarrsServices(mosaic)]
    services.append(LegacySurveysService(mosaic, catalog))
    if queries is not None and catalog.is_file():
        database, (limit, token) = Database(catalog), queries
        services += [SqlSearchService(database, limit), CasJobsService(database, token)]
    return services


@contextlib.contextmanager
def serve_archive(
    directory: AnyPath,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    faults: Faults | None = None,
    latency: float = 0.0,
    replay: AnyPath | None = None,
    queries: bool = True,
    queries_per_minute: int = 60,
    token: str = TOKEN,
) -> Iterator[str]:
    """Serve a directory of survey files as the real archives do, while a block runs.

    Parameters
    ----------
    directory
        Made by `skyclass.simulate`, or any directory of real SDSS frames. SQL queries read the
        table ``catalog.csv`` in it.
    port
        TCP port; 0 for any that is free.
    host
        Address to listen on.
    faults
        Faults that requests meet.
    latency
        Seconds to wait before every response.
    replay
        Directory of recorded answers of the real services, which take precedence.
    queries
        Whether SQL queries are answered, if there is a ``catalog.csv``.
    queries_per_minute
        SQL queries that a client may send per minute, 0 for any number; the real service allows 60.
    token
        Token that a client of CasJobs must send.

    Yields
    ------
    str
        Base URL, without a slash at its end.

    Raises
    ------
    ArchiveError
        Where the directory has no frames, or the port is in use.
    MissingExtraError
        Where the query services need an extra that is not installed.

    Examples
    --------
    >>> import httpx2
    >>> import skyclass
    >>> catalog = skyclass.simulate("sky", 1, objects_per_field=20, workers=1)
    >>> with skyclass.serve_archive(catalog.parent) as url:
    ...     query = f"{url}/dr17/SkyServerWS/SearchTools/SqlSearch"
    ...     cmd = "SELECT COUNT(*) AS stars FROM SpecObj WHERE class = 'STAR'"
    ...     print(httpx2.get(query, params={"cmd": cmd}).text)
    #Table1
    stars
    20
    """
    recorded = None if replay is None else Path(replay)
    with MockArchive(
        Path(directory),
        port,
        host=host,
        faults=faults,
        latency=latency,
        replay=recorded,
        queries=queries,
        queries_per_minute=queries_per_minute,
        token=token,
    ) as archive:
        yield archive.url


class _Server(ThreadingHTTPServer):
    """Starts a thread for each connection, which does not outlive the process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], archive: MockArchive) -> None:
        self.archive = archive
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a client that went away, without a traceback on the screen."""
        _log.debug("connection from %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection, and sends responses."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = f"skyclass-archive/{__version__}"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log at the level of debugging messages."""
        _log.debug(format, *args)

    def do_GET(self) -> None:
        """Answer a request of any method."""
        refusal = self._refuse()
        if refusal is not None:
            self.close_connection = True
            self._send(refusal, None)
            return
        request = self._decode_request(
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
        )
        response, fault = self.server.archive.reply(request)
        self._send(response, fault)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _refuse(self) -> Response | None:
        """Respond to a body that is too large or of unknown length, without reading it."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]+", length):
            return make_text_response(411, "a body needs a Content-Length\n")
        if len(length) > _DIGITS or int(length) > MAX_BODY:
            return make_text_response(413, f"a body may have {MAX_BODY} bytes at most\n")
        return None

    def _decode_request(self, body: bytes) -> Request:
        """Decode a request."""
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

    def _send(self, response: Response, fault: str | None) -> None:
        """Send status, headers and body; a fault of the contents has been applied already."""
        length = response.length
        if fault == "length":
            length += max(1, length // 2)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        transport_fault = fault if fault in TRANSPORT else None
        seconds = self.server.archive.faults.slow_seconds
        if not send_body(self.connection, response, transport_fault, seconds):
            self.close_connection = True
