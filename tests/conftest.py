"""Real survey data where there are any, one small simulated survey, a web server and a clock."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from skyclass import plugins
from skyclass.errors import ModelError
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import Field, find_fields
from support.web_server import FakeClock, Server


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("SKYCLASS_TEST_DATA")
    if not folder:
        pytest.skip("SKYCLASS_TEST_DATA is not set: no real survey data here")
    return Path(folder)


@pytest.fixture(autouse=True)
def _save_without_onnx(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save models without `model.onnx`, whose export takes seconds, where no test is marked `onnx`.

    Looked up among the modules that are loaded: tests without PyTorch do not import it for this.
    """
    saved_model = sys.modules.get("skyclass.models.saved_model")
    if saved_model is not None and "onnx" not in request.keywords:
        monkeypatch.setattr(saved_model, "export_onnx", _refuse_export)


def _refuse_export(*_arguments: object) -> None:
    raise ModelError("not exported in this test")


@pytest.fixture(autouse=True)
def _forget_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand the modules that a test imports to the worker processes of that test only."""
    monkeypatch.setattr(plugins, "_imported", [])


@pytest.fixture(scope="session")
def small_survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small-survey")
    simulate(out, 2, seed=5, objects_per_field=120, workers=1)
    return out


@pytest.fixture(scope="module")
def pair(small_survey: Path) -> tuple[Path, Field, Field]:
    """Return the directory of frames and two consecutive fields of one scan."""
    frames = small_survey / "frames"
    first, second = find_fields([frames])
    assert (first.run, first.camcol, first.field + 1) == (second.run, second.camcol, second.field)
    return frames, first, second


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def answer(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[httpx2.Request], httpx2.Response]], None]:
    """Let a function answer all requests."""

    def install(handler: Callable[[httpx2.Request], httpx2.Response]) -> None:
        transport = httpx2.MockTransport(handler)
        client = functools.partial(httpx2.AsyncClient, transport=transport)
        monkeypatch.setattr(httpx2, "AsyncClient", client)

    return install
