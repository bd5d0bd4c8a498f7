"""SqlSearch: SQL queries of the catalogue, with the answers and errors of SkyServer.

Forms of answers and errors are those of the service's public source
(https://github.com/sciserver/SkyServerWS, OutputUtils.cs and CustomFilter.cs). An error of the
query has status 400 here; of the real service it may also be 500.
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
from skyclass.mock_archive.faults import rate_limit_text
from skyclass.mock_archive.responses import Answer, Request, html_answer, json_answer, text_answer

__all__ = ["SkyServer", "csv_text", "error_answer"]

_PATH: Final = re.compile(
    r"/dr\d{1,2}/(SkyServerWS/SearchTools/SqlSearch|en/tools/search/x_(results|sql)\.aspx?)",
    re.IGNORECASE,
)
_MINUTE: Final = 60.0


class SkyServer:
    """The SqlSearch service, also under the address of the web page's own queries.

    Parameters
    ----------
    database
        What is asked.
    limit
        Queries a client may send in a minute; 0 for any number.
    """

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._times: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer | None:
        """Answer a query.

        Parameters
        ----------
        request
            Any request; ``cmd`` is the SQL, ``format`` is ``csv`` (default), ``json`` or ``html``.

        Returns
        -------
        Answer or None
            None where the path is none of this service.
        """
        if _PATH.fullmatch(request.path) is None:
            return None
        sql, form = request.query.get("cmd", ""), request.query.get("format", "csv").lower()
        if not self._allowed(request.client):
            return text_answer(200, rate_limit_text(self._limit, sql))
        if form not in {"csv", "json", "html"}:
            return error_answer("json", f"the format {form[:20]!r} is none of csv, json, html")
        try:
            return _table_answer(form, self._database.query(sql, "skyserver"), sql)
        except ArchiveError as error:
            return error_answer(form, str(error))

    def _allowed(self, client: str) -> bool:
        """Count a query and tell whether it is within the limit."""
        now = time.monotonic()
        with self._lock:
            times = self._times[client]
            while times and times[0] <= now - _MINUTE:
                times.popleft()
            if self._limit and len(times) >= self._limit:
                return False
            times.append(now)
        return True


def csv_text(rows: Rows) -> str:
    """Write rows as comma-separated values under a line of names.

    Parameters
    ----------
    rows
        Result of a query.

    Returns
    -------
    str
        Text in which floating-point numbers keep all digits and a missing value is empty.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.values)
    return stream.getvalue()


def error_answer(form: str, message: str) -> Answer:
    """Answer that a query was refused.

    Parameters
    ----------
    form
        ``html`` for a page with status 200, else JSON with status 400.
    message
        What is wrong.

    Returns
    -------
    Answer
        The answer.
    """
    told = {"ErrorCode": 400, "ErrorType": "BadRequest", "ErrorMessage": message}
    if form != "html":
        return json_answer(400, told)
    heading = f"<h2>An error occured</h2><H3 BGCOLOR=pink><font color=red>{html.escape(message)}"
    return html_answer(200, "Skyserver Error", heading + "<br><br></font></H3>")


def _table_answer(form: str, rows: Rows, sql: str) -> Answer:
    """Answer with the rows that were found."""
    if form == "json":
        found = [dict(zip(rows.columns, row, strict=True)) for row in rows.values]
        query = {"TableName": "SqlQuery", "Rows": [{"query": sql}]}
        return json_answer(200, [{"TableName": "Table1", "Rows": found}, query])
    if form == "html":
        return html_answer(200, "SDSS Query Results", _html_table(rows))
    text = f"#Table1\n{csv_text(rows)}" if rows.values else "No objects have been found\n"
    return text_answer(200, text)


def _html_table(rows: Rows) -> str:
    """Write rows as the body of a page."""
    if not rows.values:
        return "<h3><br><font color=red>No entries have been found</font> </h3>"
    lines = [_html_row(rows.columns), *map(_html_row, rows.values)]
    return "<table border='1' BGCOLOR=cornsilk>\n" + "\n".join(lines) + "\n</TABLE>"


def _html_row(values: "list[str] | tuple[Any, ...]") -> str:
    """Write one row of a table."""
    cells = (html.escape("" if value is None else str(value)) for value in values)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
