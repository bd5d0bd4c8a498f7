"""CasJobs: a long query as a job into MyDB, through its REST interface.

Paths and status numbers are those of the SciServer clients
(https://rdrr.io/github/sciserver/SciScript-R/man/CasJobs.getJobStatus.html).
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from skyclass.errors import RemoteError
from skyclass.surveys.sdss.skyserver import HOST, SQL_SETTINGS
from skyclass.transfer.errors import PermanentError, TransientError
from skyclass.transfer.http_client import (
    BUSY_STATUSES,
    HttpClient,
    TransferSettings,
    call_outside_event_loop,
    raise_for_status,
)
from skyclass.transfer.rate_limit import Clock

__all__ = ["TOKEN_VARIABLE", "CasJobs"]

TOKEN_VARIABLE: Final = "SKYCLASS_CASJOBS_TOKEN"
"""Environment variable with the SciServer token."""

MAX_ANSWER: Final = 2 * 2**30
"""Most bytes of one answer."""

_FINISHED: Final = 5
_ENDED: Final = {3: "was cancelled", 4: "failed"}
_POLL_INTERVALS: Final = (2.0, 4.0, 8.0, 15.0, 30.0)


@dataclass
class CasJobs:
    """A client of the CasJobs REST interface."""

    base_url: str = HOST
    """Address of the service."""
    token: str = field(default_factory=lambda: os.environ.get(TOKEN_VARIABLE, ""), repr=False)
    """SciServer token; never shown."""
    settings: TransferSettings = SQL_SETTINGS
    """Rate, retries and time limits."""
    clock: Clock = field(default_factory=Clock, repr=False)
    """Source of time."""

    def __post_init__(self) -> None:
        """Check that there is a token, and prepare the HTTP client."""
        if not self.token:
            raise RemoteError(
                self.url, f"CasJobs needs an account: set {TOKEN_VARIABLE} to your SciServer token"
            )
        # another host that the service redirects to must not see the token
        self._http = HttpClient(self.settings, self.clock, follow_redirects=False)

    @property
    def url(self) -> str:
        """Address of the interface."""
        return f"{self.base_url.rstrip('/')}/CasJobs/RestApi"

    def submit(self, sql: str, release: int) -> int:
        """Submit a job.

        Parameters
        ----------
        sql
            Query that writes into MyDB.
        release
            Data release to query.

        Returns
        -------
        int
            Number of the job.

        Raises
        ------
        RemoteError
            Where the service cannot be reached or refuses the job. A request that the service may
            have acted upon is not repeated, so no job is submitted twice.
        """
        body = {"Query": sql, "TaskName": "skyclass"}
        answer = self._run("PUT", f"contexts/DR{release}/jobs", body)
        match = re.fullmatch(r'\s*"?(\d{1,18})"?\s*', answer)
        if match is None:
            raise RemoteError(self.url, f"the answer is no job number: {answer[:100]!r}")
        return int(match.group(1))

    def wait(self, job: int) -> None:
        """Poll a job until it has finished.

        Parameters
        ----------
        job
            Number of the job.

        Raises
        ------
        RemoteError
            Where the job fails or is cancelled.
        """
        call_outside_event_loop(lambda: asyncio.run(self._wait(job)))

    def query(self, sql: str) -> str | None:
        """Query MyDB.

        Parameters
        ----------
        sql
            SELECT.

        Returns
        -------
        str
            CSV with plain column names, or None where there is no row.
        """
        text = self._run("POST", "contexts/MyDB/query", {"Query": sql})
        rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if len(rows) < 2:
            return None
        # some releases of the interface write a column as [name]:type
        rows[0] = re.sub(r"\[([^\]]+)\](?::\w+)?", r"\1", rows[0])
        return "\n".join(rows) + "\n"

    def _run(self, method: str, path: str, body: Mapping[str, str]) -> str:
        """Send one request, repeated where that helps; return the text of the answer."""
        return call_outside_event_loop(lambda: asyncio.run(self._request(method, path, body)))

    async def _wait(self, job: int) -> None:
        """Ask for the state of a job, ever less often."""
        intervals = iter(_POLL_INTERVALS)
        interval = _POLL_INTERVALS[-1]
        while True:
            answer = await self._request("GET", f"jobs/{job}")
            status, message = self._parse_state(answer)
            if status == _FINISHED:
                return
            if status in _ENDED:
                raise RemoteError(self.url, f"job {job} {_ENDED[status]}: {message}")
            interval = next(intervals, interval)
            await self.clock.sleep(interval)

    def _parse_state(self, text: str) -> tuple[int, str]:
        """Parse the state of a job: its status number and the service's message."""
        try:
            state = json.loads(text)
            return int(state["Status"]), str(state.get("Message") or "no reason given")[:300]
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteError(
                self.url, f"the answer is not the state of a job: {text[:100]!r}"
            ) from error

    async def _request(self, method: str, path: str, body: Mapping[str, str] | None = None) -> str:
        """Attempt one request until it is answered."""
        url = f"{self.url}/{path}"
        try:
            async with self._http:
                return await self._http.retry(url, partial(self._attempt, method, url, body))
        except TransientError as error:
            attempts = f"{error} ({self.settings.retries + 1} attempts); run again later"
            raise RemoteError(url, attempts) from error
        except PermanentError as error:
            raise RemoteError(url, str(error)) from error

    async def _attempt(self, method: str, url: str, body: Mapping[str, str] | None) -> str:
        """Send one request and check the status of the answer."""
        headers = {
            "X-Auth-Token": self.token,
            "Accept": "text/plain" if method == "POST" else "application/json",
        }
        try:
            response, text = await self._http.read_text(
                method, url, MAX_ANSWER, headers=headers, json=body
            )
            if response.status_code in BUSY_STATUSES:
                raise_for_status(response)
        except TransientError as error:
            if method == "PUT" and error.processed:
                reason = f"{error}; the job may have been submitted: look at your CasJobs history"
                raise PermanentError(reason) from error
            raise
        if response.status_code in {401, 403}:
            raise RemoteError(url, f"the token was refused; renew {TOKEN_VARIABLE}")
        if response.status_code != 200:
            raise RemoteError(url, f"HTTP {response.status_code}: {text[:300]}")
        return text
