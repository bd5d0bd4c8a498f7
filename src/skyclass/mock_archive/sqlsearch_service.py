"""Serve SkyServer's SqlSearch: SQL queries of the catalogue, with its answers and errors.

Forms of answers and errors are those of the service's public source
(https://github.com/sciserver/SkyServerWS, OutputUtils.cs and CustomFilter.cs). An error of the
query has status 400 here; that of the real service may also be 500.
"""

import csv
import html
import io
import re
import threading
import time
from collections import defaultdict, deque
from typing import Any, Final

from skyclass.errors import ArchiveError
from skyclass.mock_archive.database import Database, Rows
from skyclass.mock_archive.faults import make_rate_limit_text
from skyclass.mock_archive.http_messages import (
    Request,
    Response,
    make_html_response,
    make_json_response,
    make_text_response,
)

__all__ = ["SqlSearchService", "format_csv", "make_error_response"]

_PATH: Final = re.compile(
    r"/dr\d{1,2}/(SkyServerWS/SearchTools/SqlSearch|en/tools/search/x_(results|sql)\.aspx?)",
    re.IGNORECASE,
)
_MINUTE: Final = 60.0


class SqlSearchService:
    """SqlSearch, also under the address that the web page queries.

    Parameters
    ----------
    database
        Catalogue that is queried.
    limit
        Queries that a client may send per minute; 0 for any number.
    """

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._times: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Response | None:
        """Answer a query.

        Parameters
        ----------
        request
            Any request; ``cmd`` is the SQL, ``format`` is ``csv`` (default), ``json`` or ``html``.

        Returns
        -------
        Response or None
            None where the path belongs to another service.
        """
        if _PATH.fullmatch(request.path) is None:
            return None
        sql, form = request.query.get("cmd", ""), request.query.get("format", "csv").lower()
        if not self._allow(request.client):
            return make_text_response(200, make_rate_limit_text(self._limit, sql))
        if form not in {"csv", "json", "html"}:
            return make_error_response(
                "json", f"the format {form[:20]!r} is none of csv, json, html"
            )
        try:
            return _make_table_response(form, self._database.query(sql, "skyserver"), sql)
        except ArchiveError as error:
            return make_error_response(form, str(error))

    def _allow(self, client: str) -> bool:
        """Count a query, and check whether it is within the limit."""
        now = time.monotonic()
        with self._lock:
            times = self._times[client]
            while times and times[0] <= now - _MINUTE:
                times.popleft()
            if self._limit and len(times) >= self._limit:
                return False
            times.append(now)
        return True


def format_csv(rows: Rows) -> str:
    """Format rows as comma-separated values below a line of names.

    Parameters
    ----------
    rows
        Result of a query.

    Returns
    -------
    str
        Floating-point numbers keep all digits; a missing value is empty.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.values)
    return stream.getvalue()


def make_error_response(form: str, message: str) -> Response:
    """Make the response to a query that is refused.

    Parameters
    ----------
    form
        ``html`` for a page with status 200, else JSON with status 400.
    message
        What is wrong with the query.

    Returns
    -------
    Response
        As sent but for Content-Length.
    """
    report = {"ErrorCode": 400, "ErrorType": "BadRequest", "ErrorMessage": message}
    if form != "html":
        return make_json_response(400, report)
    heading = f"<h2>An error occured</h2><H3 BGCOLOR=pink><font color=red>{html.escape(message)}"
    return make_html_response(200, "Skyserver Error", heading + "<br><br></font></H3>")


def _make_table_response(form: str, rows: Rows, sql: str) -> Response:
    """Make the response of a query's rows."""
    if form == "json":
        records = [dict(zip(rows.columns, row, strict=True)) for row in rows.values]
        query = {"TableName": "SqlQuery", "Rows": [{"query": sql}]}
        return make_json_response(200, [{"TableName": "Table1", "Rows": records}, query])
    if form == "html":
        return make_html_response(200, "SDSS Query Results", _format_html_table(rows))
    text = f"#Table1\n{format_csv(rows)}" if rows.values else "No objects have been found\n"
    return make_text_response(200, text)


def _format_html_table(rows: Rows) -> str:
    """Format rows as the body of a page."""
    if not rows.values:
        return "<h3><br><font color=red>No entries have been found</font> </h3>"
    lines = [_format_html_row(rows.columns), *map(_format_html_row, rows.values)]
    return "<table border='1' BGCOLOR=cornsilk>\n" + "\n".join(lines) + "\n</TABLE>"


def _format_html_row(values: "list[str] | tuple[Any, ...]") -> str:
    """Format one row of a table."""
    cells = (html.escape("" if value is None else str(value)) for value in values)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
