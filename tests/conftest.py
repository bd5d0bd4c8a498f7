"""Real survey data where there are any, one small simulated survey, a web server and a clock."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest
from filelock import FileLock

from skyclass import plugins
from skyclass.errors import ModelError
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import Field, find_fields
from support.fields import copy_decompressed
from support.web_server import FakeClock, Server


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("SKYCLASS_TEST_DATA")
    if not folder:
        pytest.skip("SKYCLASS_TEST_DATA is not set: no real survey data here")
    return Path(folder)


@pytest.fixture(scope="module", autouse=True)
def _save_modules_without_onnx(request: pytest.FixtureRequest) -> Iterator[None]:
    """Save the models of a module's fixtures without `model.onnx`, as those of its tests."""
    with pytest.MonkeyPatch.context() as patch:
        _save_without_export(request, patch)
        yield


@pytest.fixture(autouse=True)
def _save_without_onnx(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save models without `model.onnx`, whose export takes seconds, where nothing is marked `onnx`.

    Looked up among the modules that are loaded: tests without PyTorch do not import it for this.
    """
    _save_without_export(request, monkeypatch)


def _save_without_export(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> None:
    saved_model = sys.modules.get("skyclass.models.saved_model")
    if saved_model is not None:
        exported = request.node.get_closest_marker("onnx") is not None
        export_onnx = sys.modules["skyclass.models.export_onnx"].export_onnx
        patch.setattr(saved_model, "export_onnx", export_onnx if exported else _refuse_export)


def _refuse_export(*_arguments: object) -> None:
    raise ModelError("not exported in this test")


@pytest.fixture(scope="session", autouse=True)
def _draw_few_for_ceilings() -> Iterator[None]:
    """Estimate ceilings of simulated objects from few draws: 200,000 take half a minute."""
    if find_spec("sklearn") is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skyclass.pipeline.estimate_ceiling.DRAWS", 1_000)
        yield


@pytest.fixture(autouse=True)
def _forget_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand the modules that a test imports to the worker processes of that test only."""
    monkeypatch.setattr(plugins, "_imported", [])


@pytest.fixture(scope="session")
def small_survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate two fields of one scan, in frames as the archive has them."""

    def make(out: Path) -> None:
        simulate(out, 2, seed=5, objects_per_field=120, workers=1)

    return make_once(tmp_path_factory, "small-survey", make)


@pytest.fixture(scope="session")
def plain_survey(small_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decompress the small survey: decoding bz2 takes most of the time of tests of pixels."""

    def make(out: Path) -> None:
        copy_decompressed(small_survey, out)

    return make_once(tmp_path_factory, "plain-survey", make)


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a directory that all processes of a test run share."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    out, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            make(out)
            done.touch()
    return out


@pytest.fixture(scope="module")
def pair(plain_survey: Path) -> tuple[Path, Field, Field]:
    """Return the directory of frames and two consecutive fields of one scan."""
    frames = plain_survey / "frames"
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
