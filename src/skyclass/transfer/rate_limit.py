"""How a server is treated: when the next request may go, and how long to wait after an error."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["Clock", "RateLimiter", "compute_backoff", "parse_retry_after"]

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True)
class Clock:
    """Time as a download sees it; a test puts its own in."""

    now: Callable[[], float] = time.monotonic
    """Seconds since some moment."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Wait for some seconds."""


class RateLimiter:
    """The rhythm of requests to one host."""

    def __init__(self, rate: float, clock: Clock) -> None:
        """Begin.

        Parameters
        ----------
        rate
            Most requests a second; 0 sets no limit.
        clock
            Time.
        """
        self._step = 1.0 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next request may be sent."""
        now = self._clock.now()
        start = max(now, self._next)
        self._next = start + self._step
        if start > now:
            await self._clock.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Send nothing for a while: the server has asked for it."""
        self._next = max(self._next, self._clock.now() + seconds)


def compute_backoff(attempt: int) -> float:
    """Give the seconds to wait after a try that failed.

    Parameters
    ----------
    attempt
        0 for the first try.

    Returns
    -------
    float
        Between a half and the whole of half a second doubled `attempt` times, a minute at most;
        the chance in it keeps many clients from coming back at the same moment.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    return longest * random.uniform(0.5, 1.0)


def parse_retry_after(value: str | None) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3).

    Parameters
    ----------
    value
        Seconds, or a date; None where there was no such header.

    Returns
    -------
    float or None
        Seconds to wait from now, never negative; None where nothing can be read.
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
