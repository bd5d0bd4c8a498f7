"""Rate limits: when the next request to a host may be sent."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Clock", "RateLimiter"]


@dataclass(frozen=True)
class Clock:
    """The time as transfers see it; tests pass one of their own."""

    now: Callable[[], float] = time.monotonic
    """Seconds since an arbitrary moment."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Wait for a number of seconds."""


class RateLimiter:
    """Spaces out the requests to one host."""

    def __init__(self, rate: float, clock: Clock) -> None:
        """Set the rate.

        Parameters
        ----------
        rate
            Most requests per second; 0 sets no limit.
        clock
            Source of time.
        """
        self._interval = 1.0 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0

    async def wait(self) -> None:
        """Wait until the next request may be sent."""
        now = self._clock.now()
        start = max(now, self._next)
        self._next = start + self._interval
        if start > now:
            await self._clock.sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Hold back all requests for a while, as the server has asked."""
        self._next = max(self._next, self._clock.now() + seconds)
