"""HTTP requests and responses as values, before anything is sent."""

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

__all__ = [
    "FilePart",
    "Request",
    "Response",
    "make_file_response",
    "make_html_response",
    "make_json_response",
    "make_text_response",
    "parse_number",
]

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Request:
    """One decoded request."""

    method: str
    """GET, HEAD, POST, PUT or DELETE."""
    target: str
    """Path and query as sent."""
    path: str
    """Path with its escapes decoded."""
    query: Mapping[str, str]
    """Parameters of the query and of a form, names in lower case."""
    headers: Mapping[str, str]
    """Headers, names in lower case."""
    body: bytes
    """Body, empty if there is none."""
    client: str
    """Address of the client."""


@dataclass(frozen=True)
class FilePart:
    """A contiguous part of a file on disk."""

    path: Path
    """File."""
    start: int
    """First byte."""
    count: int
    """Number of bytes."""

    def read(self) -> bytes:
        """Read the part into memory."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.count)


@dataclass(frozen=True)
class Response:
    """One response; Content-Length is added when it is sent."""

    status: int
    """HTTP status."""
    body: bytes | FilePart = b""
    """Body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers except Content-Length."""

    @property
    def length(self) -> int:
        """Number of bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.count

    def read(self) -> bytes:
        """Return the body as bytes."""
        return self.body if isinstance(self.body, bytes) else self.body.read()


def make_text_response(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Response:
    """Make a response of text.

    Parameters
    ----------
    status
        HTTP status.
    text
        Body.
    kind
        Content-Type.

    Returns
    -------
    Response
        As sent but for Content-Length.
    """
    return Response(status, text.encode(), {"Content-Type": kind})


def make_html_response(status: int, title: str, body: str) -> Response:
    """Make a response of an HTML page.

    Parameters
    ----------
    status
        HTTP status.
    title, body
        HTML of the two elements.

    Returns
    -------
    Response
        As sent but for Content-Length.
    """
    page = f"<html><head>\n<title>{title}</title>\n</head><body bgcolor=white>\n{body}\n"
    return make_text_response(status, page + "</body></html>\n", "text/html; charset=utf-8")


def make_json_response(status: int, value: object) -> Response:
    """Make a response of JSON.

    Parameters
    ----------
    status
        HTTP status.
    value
        Anything; what JSON cannot hold is written as text.

    Returns
    -------
    Response
        As sent but for Content-Length.
    """
    return make_text_response(
        status, json.dumps(value, default=str), "application/json; charset=utf-8"
    )


def parse_number(request: Request, name: str, default: float | None = None) -> float:
    """Parse a parameter that is a number.

    Parameters
    ----------
    request
        Request.
    name
        Name of the parameter, in lower case.
    default
        Value where the parameter is not given.

    Returns
    -------
    float
        A finite number.

    Raises
    ------
    ValueError
        Where the parameter is missing or not a finite number.
    """
    text = request.query.get(name)
    if text is None and default is not None:
        return default
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise ValueError(f"the parameter {name} must be a number, not {text!r}")
    return value


def make_file_response(request: Request, path: Path, kind: str) -> Response:
    """Make a response of a file, or the requested range of it (RFC 9110, sections 13 and 14).

    Parameters
    ----------
    request
        Request; its Range, If-Range and If-None-Match are taken into account.
    path
        Existing file.
    kind
        Content-Type.

    Returns
    -------
    Response
        200 with the whole file, 206 with one range, 304, or 416.
    """
    stat = path.stat()
    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    modified = email.utils.formatdate(stat.st_mtime, usegmt=True)
    headers = {"ETag": tag, "Last-Modified": modified, "Accept-Ranges": "bytes"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(304, b"", headers)
    whole = Response(200, FilePart(path, 0, stat.st_size), {"Content-Type": kind, **headers})
    same = request.headers.get("if-range", tag) in {tag, modified}
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match.groups() == ("", "") or not same:
        return whole
    start, stop = _compute_bounds(match[1], match[2], stat.st_size)
    if start >= stop:
        return Response(416, b"", {**headers, "Content-Range": f"bytes */{stat.st_size}"})
    span = {"Content-Range": f"bytes {start}-{stop - 1}/{stat.st_size}"}
    part = FilePart(path, start, stop - start)
    return replace(whole, status=206, body=part, headers={**whole.headers, **span})


def _compute_bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Compute the first byte of a range and the one after its last; an empty range is invalid."""
    if not first:
        return max(size - int(last), 0), size
    stop = min(int(last) + 1, size) if last else size
    return int(first), stop
