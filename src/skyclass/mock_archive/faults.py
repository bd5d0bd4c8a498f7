"""Faults that real archives have, switched on by rate and drawn the same way every time."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from skyclass.errors import ArchiveError, nearest
from skyclass.mock_archive.image_encoding import grey_jpeg
from skyclass.mock_archive.responses import Answer, html_answer, text_answer

__all__ = ["KINDS", "TRANSPORT", "Faults", "parse_faults", "rate_limit_text", "spoil"]

KINDS: Final = {
    "404": "not found, though it is there",
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
"""Kinds of faults and what a client sees of each."""

TRANSPORT: Final = ("slow", "reset", "length")
"""Kinds that change how an answer is sent, not what is in it."""

_FLIPPED: Final = 16


@dataclass(frozen=True)
class Faults:
    """Which faults happen how often.

    A fault is decided by seed, target and the number of the request for that target, so the same
    requests meet the same faults in every run, and a second try for a target may succeed.
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
        """Refuse unknown kinds and rates that cannot be."""
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
        """Decide whether a request meets a fault.

        Parameters
        ----------
        target
            Path and query of the request.
        number
            How many requests for that target came before.

        Returns
        -------
        str or None
            A kind, or none.
        """
        key = f"{self.seed}\n{number}\n{target}".encode()
        share = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64
        for kind, rate in self.rates.items():
            if share < rate:
                return kind
            share -= rate
        return None


def parse_faults(texts: Iterable[str], seed: int) -> Faults:
    """Read faults as they are written on the command line.

    Parameters
    ----------
    texts
        ``KIND=RATE`` each.
    seed
        Seed.

    Returns
    -------
    Faults
        Checked.

    Raises
    ------
    ArchiveError
        Where a text has another form, or a kind or rate cannot be.
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


def spoil(kind: str, answer: Answer, faults: Faults) -> Answer:
    """Give what is answered instead, for the kinds that change an answer's contents.

    Parameters
    ----------
    kind
        A key of `KINDS`; those of `TRANSPORT` leave the answer as it is.
    answer
        The right answer.
    faults
        The settings.

    Returns
    -------
    Answer
        The wrong one.
    """
    if kind == "404":
        return text_answer(404, "Not Found\n")
    if kind == "503":
        busy = text_answer(503, "Service Unavailable\n")
        return replace(busy, headers={**busy.headers, "Retry-After": str(faults.retry_after)})
    if kind == "html":
        return html_answer(200, "SDSS", "<h1>Down for maintenance</h1>")
    if kind == "limit":
        return text_answer(200, rate_limit_text(60, "SELECT ..."))
    if kind == "empty":
        return Answer(200, b"", {"Content-Type": "application/octet-stream"})
    if kind == "404-jpeg":
        return Answer(404, grey_jpeg(64, 64), {"Content-Type": "image/jpeg"})
    if kind == "truncated":
        body = answer.content()
        return replace(answer, body=body[: len(body) // 2])
    if kind == "flipped":
        return replace(answer, body=_flip(answer.content()))
    return answer


def rate_limit_text(limit: int, query: str) -> str:
    """Give the text of SkyServer for too many queries (spExecuteSQL of the SDSS database).

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
