"""Retries: how long to wait after a failed attempt."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["compute_backoff", "parse_retry_after"]

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 60.0


def compute_backoff(attempt: int) -> float:
    """Compute the wait after a failed attempt.

    Parameters
    ----------
    attempt
        0 for the first attempt.

    Returns
    -------
    float
        Seconds: between a half and the whole of half a second doubled `attempt` times, a minute at
        most. The random part keeps many clients from coming back at the same moment.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    return longest * random.uniform(0.5, 1.0)


def parse_retry_after(value: str | None) -> float | None:
    """Parse a ``Retry-After`` header (RFC 9110, 10.2.3).

    Parameters
    ----------
    value
        Seconds, or a date; None where there was no such header.

    Returns
    -------
    float or None
        Seconds to wait from now, never negative; None where the value cannot be parsed.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
