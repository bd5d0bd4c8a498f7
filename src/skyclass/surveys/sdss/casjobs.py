"""CasJobs: a long query as a job into MyDB, through its REST interface.

Paths and status numbers are those of the SciServer clients
(https://rdrr.io/github/sciserver/SciScript-R/man/CasJobs.getJobStatus.html).
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from skyclass._version import __version__
from skyclass.errors import RemoteError
from skyclass.surveys.sdss.skyserver import HOST

__all__ = ["TOKEN_VARIABLE", "CasJobs"]

TOKEN_VARIABLE: Final = "SKYCLASS_CASJOBS_TOKEN"
"""Environment variable with the SciServer token."""

_FINISHED: Final = 5
_ENDED: Final = {3: "was cancelled", 4: "failed"}
_POLL: Final = (2.0, 4.0, 8.0, 15.0, 30.0)
_MAX_ANSWER: Final = 2 * 2**30


@dataclass
class CasJobs:
    """A client of the CasJobs REST interface."""

    base_url: str = HOST
    """Where the service is."""
    token: str = field(default_factory=lambda: os.environ.get(TOKEN_VARIABLE, ""), repr=False)
    """SciServer token; never shown."""
    sleep: Callable[[float], None] = time.sleep
    """How to wait, in seconds."""

    def __post_init__(self) -> None:
        """Refuse to go without a token."""
        if not self.token:
            raise RemoteError(
                self.url, f"CasJobs needs an account: set {TOKEN_VARIABLE} to your SciServer token"
            )

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
        """
        body = {"Query": sql, "TaskName": "skyclass"}
        answer = self._ask("PUT", f"contexts/DR{release}/jobs", body)
        match = re.fullmatch(r'\s*"?(\d{1,18})"?\s*', answer)
        if match is None:
            raise RemoteError(self.url, f"no job number but {answer[:100]!r}")
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
        pauses = iter(_POLL)
        pause = 1.0
        while True:
            told = json.loads(self._ask("GET", f"jobs/{job}"))
            status = told.get("Status")
            if status == _FINISHED:
                return
            if status in _ENDED:
                reason = str(told.get("Message") or "no reason given")[:300]
                raise RemoteError(self.url, f"job {job} {_ENDED[status]}: {reason}")
            pause = next(pauses, pause)
            self.sleep(pause)

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
        text = self._ask("POST", "contexts/MyDB/query", {"Query": sql})
        rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if len(rows) < 2:
            return None
        # some releases of the interface write a column as [name]:type
        rows[0] = re.sub(r"\[([^\]]+)\](?::\w+)?", r"\1", rows[0])
        return "\n".join(rows) + "\n"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        """Send one request; give the text of the answer."""
        url = f"{self.url}/{path}"
        headers = {
            "X-Auth-Token": self.token,
            "User-Agent": f"skyclass/{__version__}",
            "Accept": "text/plain" if method == "POST" else "application/json",
        }
        try:
            answer = httpx.request(method, url, json=body, headers=headers, timeout=600.0)
        except httpx.TransportError as error:
            raise RemoteError(url, f"{error or type(error).__name__}; try again later") from error
        if answer.status_code in {401, 403}:
            raise RemoteError(url, f"the token was refused; renew {TOKEN_VARIABLE}")
        if answer.is_error:
            raise RemoteError(url, f"status {answer.status_code}: {answer.text[:300]}")
        if len(answer.content) > _MAX_ANSWER:
            raise RemoteError(url, f"the answer is larger than {_MAX_ANSWER} bytes")
        return answer.text
