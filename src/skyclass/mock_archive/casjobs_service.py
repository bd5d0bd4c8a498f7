"""Serve CasJobs' REST interface: queries as jobs whose results are kept in MyDB.

Paths, status numbers and the forms of answers are those that the SciServer clients use
(https://github.com/sciserver/SciScript-Python, CasJobs.py).
"""

import hmac
import itertools
import json
import re
import threading
from dataclasses import dataclass
from typing import Final

from skyclass.errors import ArchiveError
from skyclass.mock_archive.database import Database
from skyclass.mock_archive.http_messages import (
    Request,
    Response,
    make_json_response,
    make_text_response,
)
from skyclass.mock_archive.sqlsearch_service import format_csv
from skyclass.mock_archive.tsql import Context

__all__ = ["CasJobsService"]

_ROOT: Final = "/casjobs/restapi/"
_SUBMIT: Final = re.compile(r"contexts/(dr\d{1,2})/jobs")
_STATUS: Final = re.compile(r"jobs/(\d{1,18})")
_QUERY: Final = re.compile(r"contexts/(mydb|dr\d{1,2})/query")

_READY: Final = 0
_STARTED: Final = 1
_FAILED: Final = 4
_FINISHED: Final = 5


@dataclass
class _Job:
    """One job and its state."""

    number: int
    """Number of the job."""
    context: str
    """Data release that is queried."""
    query: str
    """T-SQL."""
    status: int = _READY
    """Status number of the interface."""
    message: str = ""
    """Why it failed."""
    rows: int = 0
    """Rows of the result."""

    def describe(self) -> dict[str, str | int]:
        """Describe the job as the interface does."""
        state: dict[str, str | int] = {
            "JobID": self.number,
            "Target": self.context,
            "Query": self.query,
        }
        return state | {"Status": self.status, "Message": self.message, "Rows": self.rows}


class CasJobsService:
    """The CasJobs service.

    Parameters
    ----------
    database
        Catalogue that is queried, with MyDB.
    token
        Token that a client must send; all of its holders share one MyDB.
    """

    def __init__(self, database: Database, token: str) -> None:
        self._database = database
        self._token = token.encode()
        self._jobs: dict[int, _Job] = {}
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Response | None:
        """Answer a request.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Response or None
            None where the path belongs to another service.
        """
        path = request.path.lower()
        if not path.startswith(_ROOT):
            return None
        sent = request.headers.get("x-auth-token", "").encode()
        if not hmac.compare_digest(sent, self._token):
            return _make_error_response(401, "Unauthorized", "the token is not valid")
        path = path.removeprefix(_ROOT)
        try:
            if request.method == "PUT" and (match := _SUBMIT.fullmatch(path)):
                return self._submit(match[1], _parse_query(request))
            if request.method == "GET" and (match := _STATUS.fullmatch(path)):
                return self._report_status(int(match[1]))
            if request.method == "POST" and (match := _QUERY.fullmatch(path)):
                return self._query("mydb" if match[1] == "mydb" else "release", request)
        except ArchiveError as error:
            return _make_error_response(400, "BadRequest", str(error))
        return _make_error_response(404, "NotFound", f"there is no {request.method} {path[:100]}")

    def _submit(self, context: str, sql: str) -> Response:
        """Start a job, and respond with its number."""
        job = _Job(next(self._numbers), context.upper(), sql)
        self._jobs[job.number] = job
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return make_text_response(200, str(job.number))

    def _run(self, job: _Job) -> None:
        """Run a job to its end."""
        job.status = _STARTED
        try:
            job.rows = self._database.query_into(job.query)
        except ArchiveError as error:
            job.message = str(error)
        job.status = _FAILED if job.message else _FINISHED

    def _report_status(self, number: int) -> Response:
        """Respond with the state of a job."""
        job = self._jobs.get(number)
        if job is None:
            return _make_error_response(404, "NotFound", f"there is no job {number}")
        return make_json_response(200, job.describe())

    def _query(self, context: Context, request: Request) -> Response:
        """Answer a short query at once."""
        rows = self._database.query(_parse_query(request), context)
        if "json" in request.headers.get("accept", ""):
            return make_json_response(
                200, {"Result": [{"Columns": rows.columns, "Data": rows.values}]}
            )
        return make_text_response(200, format_csv(rows))


def _parse_query(request: Request) -> str:
    """Parse the query in a request's body."""
    try:
        sql = json.loads(request.body)["Query"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArchiveError('the body must be JSON like {"Query": "SELECT ..."}') from error
    return str(sql)


def _make_error_response(status: int, kind: str, message: str) -> Response:
    """Make the response to a request that is refused."""
    report = {"Error Code": status, "Error Type": kind, "Error Message": message}
    return make_json_response(status, report)
