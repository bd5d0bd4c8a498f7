"""What a client asks and what it is answered, before any of it goes over the wire."""

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

__all__ = [
    "Answer",
    "FilePart",
    "Request",
    "file_answer",
    "html_answer",
    "json_answer",
    "number",
    "text_answer",
]

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Request:
    """One request, decoded."""

    method: str
    """GET, HEAD, POST, PUT or DELETE."""
    target: str
    """Path and query as they were sent."""
    path: str
    """Path with its escapes decoded."""
    query: Mapping[str, str]
    """Parameters of the query and of a form, names in lower case."""
    headers: Mapping[str, str]
    """Headers, names in lower case."""
    body: bytes
    """Body, empty where there is none."""
    client: str
    """Address of the client."""


@dataclass(frozen=True)
class FilePart:
    """A stretch of a file on disk."""

    path: Path
    """File."""
    start: int
    """First byte."""
    count: int
    """Number of bytes."""

    def read(self) -> bytes:
        """Read the stretch into memory."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.count)


@dataclass(frozen=True)
class Answer:
    """One answer; its length is added when it is sent."""

    status: int
    """HTTP status."""
    body: bytes | FilePart = b""
    """Body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers but for Content-Length."""

    @property
    def length(self) -> int:
        """Number of bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.count

    def content(self) -> bytes:
        """Give the body as bytes."""
        return self.body if isinstance(self.body, bytes) else self.body.read()


def text_answer(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Answer:
    """Answer with text.

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
    Answer
        The answer.
    """
    return Answer(status, text.encode(), {"Content-Type": kind})


def html_answer(status: int, title: str, body: str) -> Answer:
    """Answer with a page; `body` is HTML already.

    Parameters
    ----------
    status
        HTTP status.
    title, body
        Contents of the two elements.

    Returns
    -------
    Answer
        The answer.
    """
    page = f"<html><head>\n<title>{title}</title>\n</head><body bgcolor=white>\n{body}\n"
    return text_answer(status, page + "</body></html>\n", "text/html; charset=utf-8")


def json_answer(status: int, value: Any) -> Answer:
    """Answer with JSON.

    Parameters
    ----------
    status
        HTTP status.
    value
        Anything JSON can hold; what it cannot is written as text.

    Returns
    -------
    Answer
        The answer.
    """
    return text_answer(status, json.dumps(value, default=str), "application/json; charset=utf-8")


def number(request: Request, name: str, default: float | None = None) -> float:
    """Read a parameter that is a number.

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
        Where the parameter is missing or no finite number.
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


def file_answer(request: Request, path: Path, kind: str) -> Answer:
    """Answer with a file or the range of it that was asked for (RFC 9110, sections 13 and 14).

    Parameters
    ----------
    request
        Request; its Range, If-Range and If-None-Match count.
    path
        Existing file.
    kind
        Content-Type.

    Returns
    -------
    Answer
        200 with the whole file, 206 with one range, 304, or 416.
    """
    stat = path.stat()
    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    modified = email.utils.formatdate(stat.st_mtime, usegmt=True)
    headers = {"ETag": tag, "Last-Modified": modified, "Accept-Ranges": "bytes"}
    if tag in request.headers.get("if-none-match", ""):
        return Answer(304, b"", headers)
    whole = Answer(200, FilePart(path, 0, stat.st_size), {"Content-Type": kind, **headers})
    same = request.headers.get("if-range", tag) in {tag, modified}
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match.groups() == ("", "") or not same:
        return whole
    start, stop = _bounds(match[1], match[2], stat.st_size)
    if start >= stop:
        return Answer(416, b"", {**headers, "Content-Range": f"bytes */{stat.st_size}"})
    span = {"Content-Range": f"bytes {start}-{stop - 1}/{stat.st_size}"}
    part = FilePart(path, start, stop - start)
    return replace(whole, status=206, body=part, headers={**whole.headers, **span})


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Give the first byte of a range and the one after its last; an empty range cannot be met."""
    if not first:
        return max(size - int(last), 0), size
    stop = min(int(last) + 1, size) if last else size
    return int(first), stop
