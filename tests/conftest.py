"""Real survey data where there are any, one small simulated survey, a web server and a clock."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclass.simulation.simulate import simulate
from support.web_server import FakeClock, Server


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("SKYCLASS_TEST_DATA")
    if not folder:
        pytest.skip("SKYCLASS_TEST_DATA is not set: no real survey data here")
    return Path(folder)


@pytest.fixture(scope="session")
def small_survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small-survey")
    simulate(out, 2, seed=5, objects_per_field=120, workers=1)
    return out


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()
