"""The spacing of requests, the waits after failures, and the header Retry-After."""

import asyncio

import pytest

from skyclass.transfer.rate_limit import RateLimiter, compute_backoff, parse_retry_after
from support.web_server import FakeClock


def test_requests_keep_to_the_rate(fake_clock: FakeClock) -> None:
    limiter, starts = RateLimiter(10.0, fake_clock.clock), []

    async def three() -> None:
        for _ in range(3):
            await limiter.wait()
            starts.append(fake_clock.time)
        limiter.pause(60)
        await limiter.wait()
        starts.append(fake_clock.time)

    asyncio.run(three())
    assert starts == pytest.approx([1000.0, 1000.1, 1000.2, 1060.2])


def test_no_rate_is_no_wait(fake_clock: FakeClock) -> None:
    async def many() -> None:
        limiter = RateLimiter(0, fake_clock.clock)
        for _ in range(100):
            await limiter.wait()

    asyncio.run(many())
    assert fake_clock.slept == []


def test_waits_grow_to_a_minute() -> None:
    for attempt in range(20):
        longest = min(60.0, 0.5 * 2**attempt)
        assert longest / 2 <= compute_backoff(attempt) <= longest


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), (None, None), ("", None), ("soon", None), ("-3", None), ("²", None)],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_retry_after_in_the_past() -> None:
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
