"""HTTP for files and queries alike: connections, rate limit, retries, what a status code means."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx2

from skyclass._version import __version__
from skyclass.errors import RemoteError
from skyclass.transfer.errors import (
    NotFoundError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from skyclass.transfer.rate_limit import Clock, RateLimiter
from skyclass.transfer.retry import compute_backoff, parse_retry_after

__all__ = [
    "BUSY_STATUSES",
    "USER_AGENT",
    "HttpClient",
    "TransferSettings",
    "call_outside_event_loop",
    "parse_length",
    "raise_for_status",
]

USER_AGENT: Final = f"skyclass/{__version__} (python-httpx2/{httpx2.__version__})"
"""How skyclass names itself to servers."""

BUSY_STATUSES: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Status codes that never concern what was asked, only the moment."""

_TRANSIENT: Final = BUSY_STATUSES | {416, 500}
_UNPROCESSED: Final = frozenset({425, 429, 503})
_LONGEST_PAUSE: Final = 300.0
_MAX_REDIRECTS: Final = 5
_RATE_LIMIT_DOUBLINGS: Final = 5
"""Doublings of the wait where a server says that there were too many requests, but not how long to
wait: SkyServer counts them by the minute."""

T = TypeVar("T")


@dataclass(frozen=True)
class TransferSettings:
    """How politely servers are asked, and how patiently."""

    connections: int = 8
    """Connections to one host."""
    rate: float = 10.0
    """Requests per second to one host; 0 sets no limit."""
    retries: int = 5
    """Further attempts after the first."""
    timeout: float = 60.0
    """Seconds without a byte after which a connection is closed."""
    attempt_timeout: float = 900.0
    """Seconds that one attempt may take in all."""


class HttpClient:
    """Sends requests to any number of hosts, each at its own rate.

    Use it as an async context manager: its connections are closed at the end of the block, its
    rate limits remain for the next one.
    """

    def __init__(
        self, settings: TransferSettings, clock: Clock, *, follow_redirects: bool = True
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Parameters
        ----------
        settings
            Connections, rate, retries and time limits.
        clock
            Source of time.
        follow_redirects
            Whether a redirect is followed; it must not be where a header holds a secret.
        """
        self.settings = settings
        self.reached = False
        """Whether any host has answered."""
        self._clock = clock
        self._follow_redirects = follow_redirects
        self._limiters: dict[str, RateLimiter] = {}
        self._ssl_context = httpx2.create_ssl_context()
        self._idle: list[httpx2.AsyncClient] = []
        self._slots = asyncio.Semaphore(settings.connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        while self._idle:
            await self._idle.pop().aclose()

    def get_limiter(self, url: str) -> RateLimiter:
        """Look up the rate limiter of a URL's host."""
        limiter = RateLimiter(self.settings.rate, self._clock)
        return self._limiters.setdefault(urlsplit(url).netloc, limiter)

    async def retry(self, url: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat an attempt until it succeeds or its retries are used up.

        Parameters
        ----------
        url
            Address of the service; all requests to its host wait where it asks for fewer.
        attempt
            Makes one attempt; only a `TransientError` leads to another.

        Returns
        -------
        object
            Result of the attempt that succeeded.

        Raises
        ------
        TransientError
            That of the last attempt.
        """
        for number in range(self.settings.retries):
            try:
                return await attempt()
            except TransientError as error:
                await self._wait_for_retry(url, number, error)
        return await attempt()

    async def _wait_for_retry(self, url: str, number: int, error: TransientError) -> None:
        """Wait after a failed attempt; a server that is asked too often is left alone by all."""
        if error.rate_limited:
            seconds = error.retry_after
            if seconds is None:
                seconds = compute_backoff(number + _RATE_LIMIT_DOUBLINGS)
            self.get_limiter(url).pause(seconds)
        else:
            await self._clock.sleep(compute_backoff(number))

    async def read_text(
        self,
        method: str,
        url: str,
        limit: int,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> tuple[httpx2.Response, str]:
        """Send a request once and read its answer as text, whatever its status is.

        Parameters
        ----------
        method
            ``GET``, ``POST`` or ``PUT``.
        url
            Address.
        limit
            Most bytes of the answer.
        headers
            Further headers.
        data, json
            Body, as a form or as JSON.

        Returns
        -------
        response
            Status and headers.
        text
            Body.

        Raises
        ------
        PermanentError, TransientError
            Where no answer came, or a longer one.
        """
        content = bytearray()
        accepted = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
        try:
            async with (
                asyncio.timeout(self.settings.attempt_timeout),
                self.stream(method, url, headers=accepted, data=data, json=json) as response,
            ):
                if (parse_length(response) or 0) > limit:
                    raise PermanentError(f"the answer has more than {limit} bytes")
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > limit:
                        raise PermanentError(f"the answer does not end after {limit} bytes")
        except TimeoutError as error:
            raise TransientError(f"took more than {self.settings.attempt_timeout:g} s") from error
        return response, content.decode("utf-8", "replace")

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """Send a request when its host's rate limit allows, and open the answer for reading.

        Parameters
        ----------
        method, url, headers, data, json
            As for `read_text`.

        Yields
        ------
        httpx2.Response
            Its body not yet read.

        Raises
        ------
        PermanentError, TransientError, UnreachableError
            Where no answer came, or it broke off while it was read.
        """
        await self.get_limiter(url).wait()
        try:
            async with (
                self._borrow_client() as client,
                client.stream(method, url, headers=headers, data=data, json=json) as response,
            ):
                self.reached = True
                yield response
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise UnreachableError(f"cannot connect: {_get_first_line(error)}") from error
        except (httpx2.UnsupportedProtocol, httpx2.TooManyRedirects) as error:
            raise PermanentError(
                f"was redirected to no usable address: {_get_first_line(error)}"
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TransientError(f"broke off: {_get_first_line(error)}") from error

    @asynccontextmanager
    async def _borrow_client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Lend an unused client, the last used one first; no more than `connections` at once.

        One client for all would look at all of its connections at each request: with 16 of them
        that takes longer than the request.
        """
        async with self._slots:
            client = self._idle.pop() if self._idle else self._open_client()
            try:
                yield client
            finally:
                self._idle.append(client)

    def _open_client(self) -> httpx2.AsyncClient:
        """Open a client for one request at a time; it keeps its connection open."""
        return httpx2.AsyncClient(
            verify=self._ssl_context,
            http2=True,
            follow_redirects=self._follow_redirects,
            max_redirects=_MAX_REDIRECTS,
            timeout=self.settings.timeout,
            # files are stored as they are sent, so nothing may be compressed on the way
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )


def call_outside_event_loop(work: Callable[[], T]) -> T:
    """Call a function that runs an event loop of its own.

    Parameters
    ----------
    work
        Function without arguments.

    Returns
    -------
    object
        Its result. Where a loop is running already, as in a notebook, the function is called in
        another thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def raise_for_status(response: httpx2.Response) -> None:
    """Raise what a status code means, unless it is 200 or 206.

    Parameters
    ----------
    response
        Answer of a server.

    Raises
    ------
    NotFoundError, PermanentError, TransientError
        By status code.
    RemoteError
        Where the server asks to wait for longer than five minutes.
    """
    status = response.status_code
    if status in {200, 206}:
        return
    if status in {404, 410}:
        raise NotFoundError(f"HTTP {status}")
    if status not in _TRANSIENT:
        raise PermanentError(f"HTTP {status}", service_fault=True)
    wait = parse_retry_after(response.headers.get("Retry-After"))
    if wait is not None and wait > _LONGEST_PAUSE:
        address = str(response.url.copy_with(query=None))
        raise RemoteError(address, f"the server asks to wait {wait:.0f} s; run again after that")
    raise TransientError(
        f"HTTP {status}",
        wait,
        rate_limited=status == 429 or wait is not None,
        discard=status == 416,
        processed=status not in _UNPROCESSED,
    )


def parse_length(response: httpx2.Response) -> int | None:
    """Parse the declared length of an answer's body in bytes; None where there is none."""
    text = response.headers.get("Content-Length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _get_first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the error's name where it is empty."""
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
