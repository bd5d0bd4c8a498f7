"""Simulating as a whole: the same bytes again, resuming, and input that makes no sense."""

import bz2
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.conftest import Simulated
from skyclass.errors import MissingExtraError, SimulationError
from skyclass.simulation.simulate import simulate


def digests(out: Path) -> dict[str, str]:
    files = (p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_gives_the_same_bytes_whatever_the_workers(
    survey: Simulated, tmp_path: Path
) -> None:
    simulate(tmp_path / "again", 2, seed=3, workers=1, sky="plain")
    assert digests(tmp_path / "again") == digests(survey.out)


def test_another_seed_gives_another_sky(mixed: Simulated, tmp_path: Path) -> None:
    simulate(tmp_path / "other", 1, seed=5, task="object-type", workers=1, sky="plain")
    ours, other = digests(mixed.out), digests(tmp_path / "other")
    assert ours.keys() == other.keys()
    assert all(ours[name] != other[name] for name in ours)


def test_a_lost_frame_is_made_again_and_nothing_else(mixed: Simulated) -> None:
    before = digests(mixed.out)
    lost, kept = mixed.path("i", 0), mixed.path("r", 0)
    written = kept.stat().st_mtime_ns
    lost.unlink()
    (lost.parent / f".partial-0123abcd-{lost.name}").write_bytes(b"half")
    calls: list[tuple[object, ...]] = []
    simulate(
        mixed.out,
        1,
        seed=4,
        task="object-type",
        workers=1,
        sky="plain",
        progress=lambda *step: calls.append(step),
    )
    assert digests(mixed.out) == before
    assert kept.stat().st_mtime_ns == written
    assert calls == [("simulation", 1, 1)]


def test_nothing_is_done_twice(survey: Simulated) -> None:
    before = {path: path.stat().st_mtime_ns for path in survey.out.rglob("*")}
    assert simulate(survey.out, 2, seed=3, sky="plain") == survey.out / "catalog.csv"
    assert {path: path.stat().st_mtime_ns for path in survey.out.rglob("*")} == before


def test_the_directory_says_that_it_is_simulated(survey: Simulated) -> None:
    manifest = json.loads((survey.out / "simulation.json").read_text())
    assert manifest["simulated"] is True
    assert (manifest["task"], manifest["seed"], manifest["n_fields"]) == ("spectral-class", 3, 2)


def test_the_level_of_the_sky_is_stated(survey: Simulated, wide: Simulated) -> None:
    for simulated, level in ((survey, "plain"), (wide, "real")):
        assert json.loads((simulated.out / "simulation.json").read_text())["sky"] == level
        history = str(simulated.header("r", 0)["HISTORY"])
        assert f"Level of the simulated sky: {level}." in history


def test_the_plain_sky_stays_as_it_was_published(survey: Simulated) -> None:
    """The shipped studies rest on it; the digests are those of the first field before levels."""
    first_field = (survey.out / "catalog.csv").read_text().splitlines()[:251]
    catalog = hashlib.sha256("\n".join(first_field).encode()).hexdigest()
    pixels = hashlib.sha256(survey.image("g", 0).tobytes()).hexdigest()
    assert (catalog[:16], pixels[:16]) == ("3101da6e7e6662f8", "ec17f31e8caa3381")


def test_another_simulation_is_left_alone(survey: Simulated) -> None:
    before = digests(survey.out)
    message = r"n_fields is 2, not 3.*seed is 3, not 1.*sky is 'plain', not 'real'.*choose"
    with pytest.raises(SimulationError, match=message) as e:
        simulate(survey.out, 3)
    assert "\n" not in str(e.value)
    assert digests(survey.out) == before


def test_real_frames_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    with pytest.raises(SimulationError, match=r"no simulation\.json"):
        simulate(tmp_path, 1)


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "simulation.json").write_text("{")
    with pytest.raises(SimulationError, match=r"simulation\.json cannot be read"):
        simulate(tmp_path, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_fields": 0}, "n_fields must be a whole number from 1 to 40000, not 0"),
        ({"n_fields": 10**6}, "fields must be"),
        ({"task": "spectral-clas"}, "did you mean 'spectral-class'"),
        ({"objects_per_field": 0}, "objects_per_field must be"),
        ({"objects_per_field": 1001}, "objects_per_field must be"),
        ({"seed": -1}, "seed must be"),
        ({"sky": "reel"}, "did you mean 'real'"),
        ({"workers": 0}, "workers must be"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SimulationError, match=message) as error:
        simulate(tmp_path / "out", **({"n_fields": 1} | arguments))  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_out_that_cannot_be_written_to(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    with pytest.raises(SimulationError, match="choose another directory"):
        simulate(file / "out", 1)


def test_missing_galsim_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "galsim", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skyclass\[simulation\]'"):
        simulate(tmp_path / "out", 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_work_leaves_whole_files_and_no_process(
    tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "out"
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from skyclass import simulate\n"
        "if __name__ == '__main__':\n"
        "    tell = lambda *_: print('one field', flush=True)\n"
        f"    simulate(Path({str(out)!r}), 6, objects_per_field=5, workers=2, progress=tell)\n"
    )
    # a background job starts with Ctrl-C ignored, and its children inherit that
    process = subprocess.Popen(
        [sys.executable, script],
        start_new_session=True,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"one field\n"
    if how == signal.SIGINT:
        # Ctrl-C reaches every process of the terminal
        os.killpg(process.pid, how)
    else:
        process.kill()
    # workers hold the same pipe: it ends when the last of them has ended
    process.communicate(timeout=60)
    assert not (out / "catalog.csv").exists()
    assert list(out.rglob("frame-*.bz2"))
    if how == signal.SIGINT:
        assert not list(out.rglob(".partial-*"))
    for path in out.rglob("frame-*.bz2"):
        assert len(bz2.decompress(path.read_bytes())) % 2880 == 0


def test_a_script_without_a_main_guard_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from skyclass import simulate\n"
        f"simulate(Path({str(tmp_path / 'out')!r}), 2, workers=2)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert "SimulationError: a worker process ended early" in done.stderr
