"""SkyServer's SqlSearch: one query, one table.

astroquery's `SDSS.query_sql` asks the same service, but hands ids beyond 2**63 back inexact, takes
no pages, and does not know the errors that come with status 200; hence this client.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx

from skyclass._version import __version__
from skyclass.errors import RemoteError

__all__ = ["SkyServer", "check_answer"]

HOST: Final = "https://skyserver.sdss.org"
"""Where SkyServer is."""

PER_MINUTE: Final = 50.0
"""Queries a minute; SkyServer refuses more than 60."""

MAX_ANSWER: Final = 2 * 2**30
"""Most bytes of one answer."""

ATTEMPTS: Final = 6
"""How often a query is tried before giving up."""

_EMPTY: Final = "No objects have been found"
_RATE: Final = re.compile(r"Maximum \d+ queries allowed per minute")
_TITLE: Final = re.compile(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


class _RefusedError(Exception):
    """An answer that another try may mend."""


@dataclass
class SkyServer:
    """A polite client of SqlSearch."""

    release: int = 17
    """Data release."""
    base_url: str = HOST
    """Where the service is; a local archive's address elsewhere."""
    per_minute: float = PER_MINUTE
    """Queries a minute."""
    sleep: Callable[[float], None] = time.sleep
    """How to wait, in seconds."""
    _last: float = field(default=-1e9, repr=False)

    @property
    def url(self) -> str:
        """Address of the service."""
        return f"{self.base_url.rstrip('/')}/dr{self.release}/SkyServerWS/SearchTools/SqlSearch"

    def query(self, sql: str) -> str | None:
        """Run one query, again where the service is busy or fails.

        Parameters
        ----------
        sql
            SELECT in T-SQL.

        Returns
        -------
        str
            CSV with a header, or None where no object has been found.

        Raises
        ------
        RemoteError
            Where the service cannot be reached, or finds fault with the query.
        """
        problem = ""
        for attempt in range(ATTEMPTS):
            self._wait(attempt)
            try:
                return check_answer(self.url, *self._ask(sql))
            except (_RefusedError, httpx.TransportError) as error:
                problem = str(error) or type(error).__name__
        raise RemoteError(
            self.url, f"{problem} ({ATTEMPTS} tries); try again later, it goes on from here"
        )

    def _wait(self, attempt: int) -> None:
        """Keep to the number of queries a minute; wait longer after each failure."""
        pause = self._last + 60.0 / self.per_minute - time.monotonic()
        back_off = min(60.0, 2.0**attempt) if attempt else 0.0
        if max(pause, back_off) > 0:
            self.sleep(max(pause, back_off))
        self._last = time.monotonic()

    def _ask(self, sql: str) -> tuple[int, str]:
        """Send one query; give status and text."""
        headers = {"User-Agent": f"skyclass/{__version__}"}
        form = {"cmd": sql, "format": "csv"}
        content = bytearray()
        with httpx.stream(
            "POST", self.url, data=form, headers=headers, timeout=600.0, follow_redirects=True
        ) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise RemoteError(self.url, f"the answer is larger than {MAX_ANSWER} bytes")
            return answer.status_code, content.decode("utf-8", errors="replace")


def check_answer(url: str, status: int, text: str) -> str | None:
    """Tell a table from the errors that look like one.

    Parameters
    ----------
    url
        What was asked.
    status
        HTTP status.
    text
        Body of the answer.

    Returns
    -------
    str
        The table as CSV, or None where no object has been found.

    Raises
    ------
    RemoteError
        Where the service finds fault with the query.
    """
    body = text.lstrip("\ufeff \r\n")
    if _EMPTY in body[:2000]:
        return None
    if _RATE.search(body[:4000]) or status == 429:
        raise _RefusedError("too many queries a minute")
    if body.startswith("<"):
        _refuse_page(url, status, body)
    if body.startswith(("{", "[")) or status >= 400:
        _refuse_error(url, status, body)
    rows = body.splitlines()
    table = rows[1:] if rows and rows[0].startswith("#") else rows
    if not table:
        raise _RefusedError("an empty answer")
    if table[0].lstrip('"').startswith("ERROR") or (
        len(table) > 1 and table[1].lstrip('"').startswith("ERROR")
    ):
        raise RemoteError(url, " ".join(table[:2]).strip('"')[:300])
    if not body.endswith("\n") or table[-1].count(",") < table[0].count(","):
        raise _RefusedError("an answer that breaks off")
    return "\n".join(table) + "\n" if len(table) > 1 else None


def _refuse_page(url: str, status: int, body: str) -> None:
    """Refuse an HTML page: the service's own error page tells of the query, others may pass."""
    match = _TITLE.search(body)
    title = match.group(1) if match else "untitled"
    if title.lower() == "skyserver error":
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body[match.end() if match else 0 :]))
        raise RemoteError(url, f"the query was refused: {words.strip()[:300]}")
    raise _RefusedError(f"an HTML page ({title!r}, status {status}) in place of a table")


def _refuse_error(url: str, status: int, body: str) -> None:
    """Refuse an error answer; those of the query itself are final."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    message = told.get("ErrorMessage") if isinstance(told, dict) else None
    # the service answers 500 to a wrong query too, with the reason in JSON
    if 400 <= status < 500 or message:
        raise RemoteError(url, f"the query was refused: {str(message or body)[:300]}")
    raise _RefusedError(f"status {status}")
