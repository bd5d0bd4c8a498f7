"""Faults that real archives have, each at its rate, the same in every run."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from skyclass.errors import ArchiveError, nearest
from skyclass.mock_archive.http_messages import Response, make_html_response, make_text_response
from skyclass.mock_archive.image_encoding import make_grey_jpeg

__all__ = ["KINDS", "TRANSPORT", "Faults", "apply_fault", "make_rate_limit_text", "parse_faults"]

KINDS: Final = {
    "404": "not found, though it exists",
    "503": "unavailable, with Retry-After",
    "slow": "the body comes in small pieces over `slow_seconds`",
    "reset": "the connection is reset in mid-body",
    "length": "Content-Length is larger than the body, then the connection ends",
    "truncated": "half of the body under a Content-Length that fits it",
    "flipped": "some bytes in the middle are inverted",
    "html": "an HTML page with status 200",
    "limit": "the rate-limit text with status 200",
    "empty": "an empty body with status 200",
    "404-jpeg": "not found, with a JPEG body",
}
"""Kinds of faults, and what a client sees of each."""

TRANSPORT: Final = ("slow", "reset", "length")
"""Kinds that change how a response is sent, not its contents."""

_FLIPPED: Final = 16


@dataclass(frozen=True)
class Faults:
    """Which faults happen, and how often.

    Seed, target and the number of the request for that target decide on a fault, so the same
    requests meet the same faults in every run, and a second attempt at a target may succeed.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    """Share of requests, 0 to 1, by kind (a key of `KINDS`); their sum is at most 1."""
    seed: int = 1
    """Seed."""
    retry_after: int = 1
    """Seconds that a 503 asks to wait."""
    slow_seconds: float = 5.0
    """Seconds over which a slow body comes."""

    def __post_init__(self) -> None:
        """Check that the kinds are known and the rates valid."""
        for kind, rate in self.rates.items():
            if kind not in KINDS:
                raise ArchiveError(
                    f"unknown fault {kind!r}; did you mean {nearest(kind, KINDS)!r}?"
                    f" (there are {', '.join(KINDS)})"
                )
            if not 0 <= rate <= 1:
                raise ArchiveError(f"the rate of fault {kind!r} must lie between 0 and 1: {rate}")
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ArchiveError(f"the rates of all faults add up to {sum(self.rates.values())} > 1")

    def draw(self, target: str, number: int) -> str | None:
        """Draw the fault that a request meets.

        Parameters
        ----------
        target
            Path and query of the request.
        number
            Number of earlier requests for that target.

        Returns
        -------
        str or None
            A key of `KINDS`, or None for no fault.
        """
        key = f"{self.seed}\n{number}\n{target}".encode()
        share = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64
        for kind, rate in self.rates.items():
            if share < rate:
                return kind
            share -= rate
        return None


def parse_faults(texts: Iterable[str], seed: int) -> Faults:
    """Parse faults written as text.

    Parameters
    ----------
    texts
        ``KIND=RATE`` each.
    seed
        Seed.

    Returns
    -------
    Faults
        All of them, with the seed.

    Raises
    ------
    ArchiveError
        Where a text has another form, or a kind or rate is invalid.
    """
    rates: dict[str, float] = {}
    for text in texts:
        kind, _, rate = text.partition("=")
        try:
            rates[kind.strip()] = float(rate)
        except ValueError as error:
            raise ArchiveError(
                f"cannot read the fault {text!r}; write it as KIND=RATE, like reset=0.1"
            ) from error
    return Faults(rates, seed)


def apply_fault(kind: str, response: Response, faults: Faults) -> Response:
    """Replace a response by a faulty one, for the kinds that change its contents.

    Parameters
    ----------
    kind
        A key of `KINDS`; those of `TRANSPORT` leave the response as it is.
    response
        The correct response.
    faults
        Settings of the faults.

    Returns
    -------
    Response
        What is sent instead.
    """
    if kind == "404":
        return make_text_response(404, "Not Found\n")
    if kind == "503":
        busy = make_text_response(503, "Service Unavailable\n")
        return replace(busy, headers={**busy.headers, "Retry-After": str(faults.retry_after)})
    if kind == "html":
        return make_html_response(200, "SDSS", "<h1>Down for maintenance</h1>")
    if kind == "limit":
        return make_text_response(200, make_rate_limit_text(60, "SELECT ..."))
    if kind == "empty":
        return Response(200, b"", {"Content-Type": "application/octet-stream"})
    if kind == "404-jpeg":
        return Response(404, make_grey_jpeg(64, 64), {"Content-Type": "image/jpeg"})
    if kind == "truncated":
        body = response.read()
        return replace(response, body=body[: len(body) // 2])
    if kind == "flipped":
        return replace(response, body=_flip(response.read()))
    return response


def make_rate_limit_text(limit: int, query: str) -> str:
    """Make SkyServer's text for too many queries (spExecuteSQL of the SDSS database).

    Parameters
    ----------
    limit
        Queries allowed per minute.
    query
        The query that was rejected.

    Returns
    -------
    str
        CSV whose one column is `error_message`.
    """
    message = f"ERROR: Maximum {limit} queries allowed per minute. Rejected query: {query}"
    quoted = message.replace('"', '""')
    return f'error_message\n"{quoted}"\n'


def _flip(body: bytes) -> bytes:
    """Invert some bytes in the middle."""
    middle = len(body) // 2
    wrong = bytes(255 - byte for byte in body[middle : middle + _FLIPPED])
    return body[:middle] + wrong + body[middle + _FLIPPED :]
