"""What is said where a cluster cannot be used, or ends in mid-run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclass.cluster import call_on_cluster, require_dask
from skyclass.errors import ClusterError, MissingExtraError
from skyclass.images.runners import use_cluster, use_threads
from skyclass.progress import no_progress
from support.dying_worker import write_once


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    message = r"on the workers, needs dask, which is not installed; pip install 'skyclass\[cluster"
    with pytest.raises(MissingExtraError, match=message):
        require_dask()


def test_nothing_is_called_without_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr("skyclass.cluster.TIMEOUT", "1s")
    calls = call_on_cluster("tcp://127.0.0.1:1", print, [("never",)])
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"):
        next(calls)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a scheduler and a worker, each a process of its own; end both."""
    pytest.importorskip("dask.distributed")
    note = tmp_path / "scheduler.json"
    start = [sys.executable, "-m"]
    # both import the function that is called
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    settings = {"env": {**os.environ, "PYTHONPATH": path}, "cwd": tmp_path}
    settings |= {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    own = ["--scheduler-file", str(note), "--no-dashboard"]
    first = [*start, "distributed.cli.dask_scheduler", *own, "--port", "0", "--host", "127.0.0.1"]
    second = [*start, "distributed.cli.dask_worker", *own, "--nthreads", "1"]
    with (
        subprocess.Popen(first, **settings) as one,
        subprocess.Popen([*second, "--death-timeout", "30"], **settings) as other,
    ):
        try:
            distributed = require_dask()
            # waits for the file, and for the worker
            with distributed.Client(scheduler_file=str(note), set_as_default=False) as client:
                client.wait_for_workers(1, timeout=60)
                address = client.scheduler_info()["address"]
            yield address, one
        finally:
            one.kill()
            other.terminate()


def test_a_scheduler_that_is_killed_loses_nothing(
    scheduler: tuple[str, subprocess.Popen[bytes]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, process = scheduler
    units = [(tmp_path / f"{number}.txt", None) for number in range(40)]

    def kill_it(_stage: object, done: int, _total: int) -> None:
        if done == 2:
            process.kill()

    with pytest.raises(ClusterError, match=r"the scheduler at tcp.* has ended.*does the rest"):
        use_cluster(address)(write_once, units, kill_it)
    assert "Traceback" not in capfd.readouterr().err
    kept = {path: path.read_bytes() for path, _ in units if path.exists()}
    assert len(kept) >= 2
    use_threads(1)(write_once, units, no_progress)
    assert all(path.exists() for path, _ in units)
    assert {path: path.read_bytes() for path in kept} == kept
