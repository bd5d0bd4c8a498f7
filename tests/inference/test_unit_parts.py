"""Many fields: a failure costs its field only, and what was interrupted is resumed."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from dask.distributed import LocalCluster

from skyclass.errors import ClusterError, InferenceError
from skyclass.images.runners import Runner, choose_runner, use_cluster, use_processes, use_threads
from skyclass.inference.failures import Failure, read_failures, write_failures
from skyclass.inference.unit_parts import Parts, UnitWork, make_parts, open_parts
from skyclass.inference.worker_model import WorkerModel
from skyclass.models.bundled import find_bundled_model
from skyclass.models.predictor import load_predictor
from skyclass.progress import no_progress
from skyclass.surveys import registry
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.survey import SDSS
from support.unit_answers import Answer, die, list_text_files

FIELDS = [Field(301, 94, 1, number) for number in range(1, 7)]

CALLER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from inference.test_unit_parts import FIELDS, make
from skyclass.images.runners import use_threads
make(Path(sys.argv[1]), use_threads(1), kill_at=str(FIELDS[3]))
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for folder in ("files", "notes"):
        (tmp_path / folder).mkdir()
    for number, field in enumerate(FIELDS):
        (tmp_path / "files" / f"{field}.txt").write_text(str(number))
    return tmp_path


@pytest.fixture
def text_files(monkeypatch: pytest.MonkeyPatch) -> None:
    survey = replace(SDSS, list_files=list_text_files)
    monkeypatch.setattr(registry, "_surveys", registry._surveys | {"sdss": survey})


def make(world: Path, runner: Runner, parts: str = "parts", **death) -> Parts:
    work = {field: UnitWork(world / "files") for field in FIELDS}
    answer = Answer(world / "notes", **death)
    return make_parts(work, answer, world / parts, "sdss", runner, no_progress)


def count_calls(world: Path) -> list[int]:
    notes = [world / "notes" / str(field) for field in FIELDS]
    return [len(note.read_text()) if note.exists() else 0 for note in notes]


def read_bytes(parts: Parts) -> list[bytes]:
    return [path.read_bytes() for path in parts.paths.values()]


@pytest.mark.usefixtures("text_files")
def test_a_failure_costs_its_field_and_only_what_needs_it_is_made_again(world: Path) -> None:
    broken = world / "files" / f"{FIELDS[2]}.txt"
    broken.write_text("broken")
    done = make(world, use_threads(1))
    reason = f"{FIELDS[2]}.txt is broken"
    assert done.failures == {FIELDS[2]: Failure(str(FIELDS[2]), str(world / "files"), reason)}
    assert list(done.paths) == [field for field in FIELDS if field != FIELDS[2]]
    broken.write_text("2")
    whole = make(world, use_threads(1))
    assert not whole.failures
    assert whole.count_left_out() == {"doubtful": 1}
    # its neighbours lacked its rows
    assert count_calls(world) == [1, 2, 2, 2, 1, 1]
    values = pd.concat(whole.read().values())["value"].tolist()
    assert values == [sign * number for number in range(6) for sign in (1.0, -1.0)]


def test_errors_of_any_kind(world: Path) -> None:
    (world / "files" / f"{FIELDS[0]}.txt").write_text("zero")
    failures = make(world, use_threads(1)).failures
    assert failures[FIELDS[0]].reason == "ValueError: could not convert string to float: 'zero'"
    for field in FIELDS:
        (world / "files" / f"{field}.txt").write_text("broken")
    with pytest.raises(InferenceError, match=r"94-1-1, and 5 others cannot be .*txt is broken"):
        make(world, use_threads(1), "others")


def test_parts_of_a_call_with_other_settings_stay(tmp_path: Path) -> None:
    model = WorkerModel(find_bundled_model("stars"), load_predictor("stars"), None)
    out = tmp_path / "classes.fits"
    with pytest.raises(KeyboardInterrupt), open_parts(out, model, "one") as first:
        (first / "301-1-1-1.parquet").touch()
        raise KeyboardInterrupt
    with open_parts(out, model, "other") as second:
        assert second != first
    assert list(first.parent.iterdir()) == [first]
    with open_parts(out, model, "one") as again:
        assert again == first
    assert not first.parent.exists()


def test_objects_that_differ_are_other_work(world: Path) -> None:
    answer = Answer(world / "notes")
    for ra in (1.0, 1.0, 2.0):
        objects = pd.DataFrame({"ra": [ra], "dec": [0.0]})
        work = {FIELDS[0]: UnitWork(world / "files", objects)}
        make_parts(work, answer, world / "parts", "sdss", use_threads(1), no_progress)
    assert count_calls(world)[0] == 2


def test_the_process_itself_is_killed(world: Path) -> None:
    command = [sys.executable, "-c", CALLER, str(world), str(Path(__file__).parents[1])]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert count_calls(world) == [1, 1, 1, 1, 0, 0]
    resumed = read_bytes(make(world, use_threads(1)))
    assert count_calls(world) == [1, 1, 1, 2, 1, 1]
    assert resumed == read_bytes(make(world, use_threads(1), "anew"))


def test_a_worker_process_is_killed(world: Path) -> None:
    there = make(world, use_processes(2), kill_at=str(FIELDS[1]))
    assert count_calls(world)[1] == 2
    assert read_bytes(there) == read_bytes(make(world, use_threads(1), "here"))


def test_a_field_that_kills_every_process() -> None:
    with pytest.raises(ClusterError, match=r"worker processes ended early .* at 301-94-1-1 or"):
        use_processes(1)(die, [(FIELDS[0], None)], no_progress)


def test_a_worker_of_a_cluster_is_killed(world: Path) -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        there = make(world, use_cluster(cluster.scheduler_address), kill_at=str(FIELDS[1]))
    assert count_calls(world)[1] == 2
    assert read_bytes(there) == read_bytes(make(world, use_threads(1), "here"))


@pytest.mark.parametrize(
    ("workers", "scheduler", "message"),
    [(0, None, "workers must be 1 or more"), (2, "tcp://a:1", "leave out workers")],
)
def test_workers_that_cannot_be(workers: int, scheduler: str | None, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        choose_runner(workers, scheduler)


def test_the_table_of_failures_goes_when_there_are_none(tmp_path: Path) -> None:
    out = tmp_path / "classes.csv"
    failures = [Failure("1", "frames", 'two\nlines, and "quotes"')]
    write_failures(failures, out)
    assert read_failures(out) == failures
    write_failures([], out)
    assert read_failures(out) == []
    assert not list(tmp_path.iterdir())
