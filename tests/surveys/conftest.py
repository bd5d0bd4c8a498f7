"""What every test of downloads has: a server of its own, and time that does not pass by itself."""

from collections.abc import Iterator

import pytest

from surveys.web import FakeClock, Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def fake() -> FakeClock:
    return FakeClock()
