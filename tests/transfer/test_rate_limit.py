"""The spacing of requests to one host."""

import asyncio

import pytest

from skyclass.transfer.rate_limit import RateLimiter
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
