"""SkyServer's SqlSearch: one query, one table.

astroquery's `SDSS.query_sql` asks the same service, but returns inexact ids beyond 2**63, fetches
no pages, and does not know the errors that come with status 200; hence this client.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from skyclass.errors import RemoteError
from skyclass.transfer.errors import PermanentError, TransientError
from skyclass.transfer.http_client import (
    BUSY_STATUSES,
    HttpClient,
    TransferSettings,
    call_outside_event_loop,
    raise_for_status,
)
from skyclass.transfer.integrity import says_too_many_requests
from skyclass.transfer.rate_limit import Clock

__all__ = ["HOST", "SQL_SETTINGS", "SkyServer", "check_answer", "says_too_many_queries"]

HOST: Final = "https://skyserver.sdss.org"
"""Address of SkyServer."""

SQL_SETTINGS: Final = TransferSettings(
    connections=1, rate=50 / 60, retries=5, timeout=600.0, attempt_timeout=3600.0
)
"""One query at a time, 50 a minute (SkyServer refuses more than 60), and time for long ones."""

MAX_ANSWER: Final = 2 * 2**30
"""Most bytes of one answer."""

_EMPTY: Final = "No objects have been found"
_RATE_LIMIT: Final = re.compile(r"Maximum \d+ queries allowed per minute", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


@dataclass
class SkyServer:
    """A client of SqlSearch that keeps to the service's limits."""

    release: int = 17
    """Data release."""
    base_url: str = HOST
    """Address of the service; another for a local archive."""
    settings: TransferSettings = SQL_SETTINGS
    """Rate, retries and time limits."""
    clock: Clock = field(default_factory=Clock, repr=False)
    """Source of time."""

    def __post_init__(self) -> None:
        """Prepare the HTTP client, which keeps the rate from one query to the next."""
        self._http = HttpClient(self.settings, self.clock)

    @property
    def url(self) -> str:
        """Address of the service."""
        return f"{self.base_url.rstrip('/')}/dr{self.release}/SkyServerWS/SearchTools/SqlSearch"

    def query(self, sql: str) -> str | None:
        """Run one query; it is repeated where the service is busy or fails.

        Parameters
        ----------
        sql
            SELECT in T-SQL.

        Returns
        -------
        str
            CSV with a header, or None if there is no such object.

        Raises
        ------
        RemoteError
            Where the service cannot be reached, or refuses the query.
        """
        return call_outside_event_loop(lambda: asyncio.run(self._query(sql)))

    async def _query(self, sql: str) -> str | None:
        """Attempt a query until it is answered."""
        try:
            async with self._http:
                return await self._http.retry(self.url, partial(self._attempt, sql))
        except TransientError as error:
            raise RemoteError(
                self.url,
                f"{error} ({self.settings.retries + 1} attempts); run again later, finished pages"
                " are kept",
            ) from error
        except PermanentError as error:
            raise RemoteError(self.url, str(error)) from error

    async def _attempt(self, sql: str) -> str | None:
        """Send one query and check the answer."""
        form = {"cmd": sql, "format": "csv"}
        response, text = await self._http.read_text("POST", self.url, MAX_ANSWER, data=form)
        if response.status_code in BUSY_STATUSES:
            raise_for_status(response)
        return check_answer(self.url, response.status_code, text)


def says_too_many_queries(head: bytes) -> bool:
    """Check whether an SDSS service says that it was asked too often.

    Parameters
    ----------
    head
        First bytes of an answer.

    Returns
    -------
    bool
        SkyServer says ``Maximum 60 queries allowed per minute`` in an answer of status 200.
    """
    limited = _RATE_LIMIT.search(head.decode("ascii", "replace")) is not None
    return limited or says_too_many_requests(head)


def check_answer(url: str, status: int, text: str) -> str | None:
    """Distinguish a table from the errors that look like one.

    Parameters
    ----------
    url
        Address of the service.
    status
        HTTP status.
    text
        Body of the answer.

    Returns
    -------
    str
        The table as CSV, or None if there is no such object.

    Raises
    ------
    RemoteError
        Where the service refuses the query.
    TransientError
        Where another attempt may succeed.
    """
    body = text.lstrip("\ufeff \r\n")
    if _EMPTY in body[:2000]:
        return None
    if _RATE_LIMIT.search(body[:4000]):
        raise TransientError("too many queries a minute", rate_limited=True)
    if body.startswith("<"):
        _raise_for_page(url, status, body)
    if body.startswith(("{", "[")) or status >= 400:
        _raise_for_error(url, status, body)
    rows = body.splitlines()
    table = rows[1:] if rows and rows[0].startswith("#") else rows
    if not table:
        raise TransientError("the answer is empty")
    if table[0].lstrip('"').startswith("ERROR") or (
        len(table) > 1 and table[1].lstrip('"').startswith("ERROR")
    ):
        raise RemoteError(url, " ".join(table[:2]).strip('"')[:300])
    if not body.endswith("\n") or table[-1].count(",") < table[0].count(","):
        raise TransientError("the answer breaks off")
    return "\n".join(table) + "\n" if len(table) > 1 else None


def _raise_for_page(url: str, status: int, body: str) -> None:
    """Raise for an HTML page: the service's own error page is about the query, others may pass."""
    match = _TITLE.search(body)
    title = match.group(1) if match else "untitled"
    if title.lower() == "skyserver error":
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body[match.end() if match else 0 :]))
        raise RemoteError(url, f"the query was refused: {words.strip()[:300]}")
    raise TransientError(f"the answer is an HTML page ({title!r}, HTTP {status}), not a table")


def _raise_for_error(url: str, status: int, body: str) -> None:
    """Raise for an error answer; one about the query itself is final."""
    try:
        report = json.loads(body)
    except ValueError:
        report = None
    message = report.get("ErrorMessage") if isinstance(report, dict) else None
    # the service answers 500 to a wrong query too, with the reason in JSON
    if 400 <= status < 500 or message:
        raise RemoteError(url, f"the query was refused: {str(message or body)[:300]}")
    raise TransientError(f"HTTP {status}")
