"""One try at one file: send the request, resume what was begun, stop what does not end."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from skyclass._version import __version__
from skyclass.config.sections import SurveyConfig
from skyclass.errors import OutputError, RemoteError, SurveyError
from skyclass.transfer.errors import NotFoundError, PermanentError, TransientError, UnreachableError
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import too_many_queries
from skyclass.transfer.manifest import Manifest, Partial
from skyclass.transfer.mirror import copy_file
from skyclass.transfer.rate_limit import Clock, RateLimiter, parse_retry_after

__all__ = ["USER_AGENT", "Fetcher"]

USER_AGENT: Final = f"skyclass/{__version__} (python-httpx/{httpx.__version__})"
"""How the downloader names itself to servers."""

_WORTH_RESUMING: Final = 256 * 1024
_LONGEST_TRY: Final = 900.0
_LONGEST_HOLD: Final = 300.0
_MOST_TEXT: Final = 2**20
_MOST_REDIRECTS: Final = 5
_LOOKUPS_KEPT: Final = 256
_PASSING: Final = frozenset({408, 416, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class Fetcher:
    """Fetches files over connections that stay open."""

    def __init__(self, survey: SurveyConfig, manifest: Manifest, clock: Clock) -> None:
        """Begin; nothing is sent yet.

        Parameters
        ----------
        survey
            Connections, requests a second and time limit.
        manifest
            Where what was begun is recorded.
        clock
            Time.
        """
        self._survey = survey
        self._manifest = manifest
        self._clock = clock
        self._paces: dict[str, RateLimiter] = {}
        self._lookups: OrderedDict[str, asyncio.Task[str]] = OrderedDict()
        self.received = 0
        """Bytes that came."""
        self.reached = False
        """Whether any host has answered."""
        self._trust = httpx.create_ssl_context()
        self._idle: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(survey.connections)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that nobody uses, the last used one first; no more than are allowed.

        One client for all would look at all of its connections at each request: with 16 of them
        that takes longer than the request.
        """
        async with self._slots:
            client = self._idle.pop() if self._idle else self._client()
            try:
                yield client
            finally:
                self._idle.append(client)

    def _client(self) -> httpx.AsyncClient:
        """Make a client for one request at a time; it keeps its connection open."""
        return httpx.AsyncClient(
            verify=self._trust,
            http2=True,
            follow_redirects=True,
            max_redirects=_MOST_REDIRECTS,
            timeout=self._survey.timeout,
            # bodies are kept as they are sent, so nothing may be compressed on the way
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close all connections."""
        for task in self._lookups.values():
            task.cancel()
        await asyncio.gather(*self._lookups.values(), return_exceptions=True)
        for client in self._idle:
            await client.aclose()

    def pace(self, url: str) -> RateLimiter:
        """Give the rhythm of a URL's host."""
        limiter = RateLimiter(self._survey.rate, self._clock)
        return self._paces.setdefault(urlsplit(url).netloc, limiter)

    async def fetch(self, request: FileRequest, target: Path) -> None:
        """Try once to get a file; what came stays in `target` even where it breaks off.

        Parameters
        ----------
        request
            What to fetch.
        target
            Temporary file; goes on where an earlier try left it, if the server allows.

        Raises
        ------
        NotFoundError, PermanentError, TransientError
            Where the file did not come whole.
        OutputError
            Where it cannot be written.
        RemoteError
            Where the server wants to be left alone for long.
        """
        if request.base.startswith("file:"):
            await asyncio.to_thread(copy_file, request, target)
            self.received += target.stat().st_size
            return
        try:
            async with asyncio.timeout(_LONGEST_TRY):
                url = request.url if request.follow is None else await self._followed(request)
                await self._receive(url, request, target)
        except TimeoutError as error:
            raise TransientError(f"took more than {_LONGEST_TRY:g} s") from error

    async def _followed(self, request: FileRequest) -> str:
        """Ask the service for the file's own address; files of one object share the answer."""
        assert request.follow is not None
        text = await asyncio.shield(self._lookup(request.url))
        try:
            source = request.follow(text)
        except SurveyError as error:
            self._lookups.pop(request.url, None)
            overrun = too_many_queries(text.encode())
            raise TransientError(f"the answer of the service {error}", overrun=overrun) from error
        if source is None:
            raise NotFoundError("outside the footprint")
        return request.base.rstrip("/") + source

    def _lookup(self, url: str) -> "asyncio.Task[str]":
        """Give the task that asks the service, a new one where the last has failed."""
        task = self._lookups.get(url)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._text(url))
            self._lookups[url] = task
            while len(self._lookups) > _LOOKUPS_KEPT:
                self._lookups.popitem(last=False)
        return task

    async def _text(self, url: str) -> str:
        """Fetch a short text."""
        content = bytearray()
        async with self._answer(url, {}) as response:
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > _MOST_TEXT:
                    raise PermanentError("the answer of the service does not end")
        return content.decode("utf-8", "replace")

    async def _receive(self, url: str, request: FileRequest, target: Path) -> None:
        """Write a body to a file, after what is there of it already."""
        begun = self._begun(target)
        start = target.stat().st_size if begun else 0
        headers = {"Range": f"bytes={start}-", "If-Range": begun.validator} if begun else {}
        async with self._answer(url, headers) as response:
            if response.status_code == 206:
                if begun is None or not _continues(response, start, begun):
                    raise TransientError(
                        "the server sent a part other than the one requested", discard=True
                    )
            else:
                start = 0
                self._begin(target, response)
            length = _length(response)
            if length is not None and start + length > request.limit:
                raise PermanentError(f"has {start + length} bytes, more than {request.limit}")
            size = await self._write(response, target, start, request.limit)
        if length is not None and size != start + length:
            raise TransientError(f"has {size} bytes of {start + length}")

    async def _write(self, response: httpx.Response, target: Path, start: int, limit: int) -> int:
        """Write what is sent, and stop where it is more than can be; give the file's size."""
        size = start
        try:
            with target.open("ab" if start else "wb") as file:
                async for piece in response.aiter_raw():
                    size += len(piece)
                    self.received += len(piece)
                    if size > limit:
                        raise PermanentError(f"does not end after {limit} bytes")
                    file.write(piece)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
        return size

    def _begun(self, target: Path) -> Partial | None:
        """Give what is known of a file begun, where it can be gone on with."""
        begun = self._manifest.partial(target.name)
        if begun is None or not target.is_file():
            return None
        return begun if 0 < target.stat().st_size < begun.total else None

    def _begin(self, target: Path, response: httpx.Response) -> None:
        """Record of which version of the file a part is written, if that can be told later."""
        etag = response.headers.get("ETag", "")
        validator = "" if etag.startswith("W/") else etag
        validator = validator or response.headers.get("Last-Modified", "")
        ranges = response.headers.get("Accept-Ranges", "bytes") == "bytes"
        total = _length(response) or 0
        if validator and ranges and total >= _WORTH_RESUMING:
            # else the old bytes could be taken for a part of the new version after an interruption
            target.unlink(missing_ok=True)
            self._manifest.begin(target.name, Partial(validator, total))
        else:
            self._manifest.forget(target.name)

    @asynccontextmanager
    async def _answer(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """Send a request in its turn, and give an answer that may be a file."""
        await self.pace(url).turn()
        try:
            async with (
                self._connection() as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                self.reached = True
                _refuse(response)
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(f"cannot connect: {_line(error)}") from error
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise PermanentError(f"was sent to no usable address: {_line(error)}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError(f"broke off: {_line(error)}") from error


def _refuse(response: httpx.Response) -> None:
    """Raise what a status code means."""
    status = response.status_code
    if status in {200, 206}:
        return
    if status in {404, 410}:
        raise NotFoundError(f"HTTP {status}")
    if status not in _PASSING:
        raise PermanentError(f"HTTP {status}", outage=True)
    wait = parse_retry_after(response.headers.get("Retry-After"))
    if wait is not None and wait > _LONGEST_HOLD:
        place = str(response.url.copy_with(query=None))
        raise RemoteError(place, f"the server asks to wait {wait:.0f} s; run again after that")
    overrun = status == 429 or wait is not None
    raise TransientError(f"HTTP {status}", wait, overrun=overrun, discard=status == 416)


def _length(response: httpx.Response) -> int | None:
    """Give the declared length of a body, where there is one."""
    text = response.headers.get("Content-Length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _continues(response: httpx.Response, start: int, begun: Partial) -> bool:
    """Tell whether a part follows what is there, and is of the same file."""
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return False
    first, last, total = (int(number) for number in match.groups())
    etag = response.headers.get("ETag")
    same = etag is None or not begun.validator.startswith('"') or etag == begun.validator
    return same and first == start and total == begun.total and last == total - 1


def _line(error: Exception) -> str:
    """Give the first line of a message."""
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
