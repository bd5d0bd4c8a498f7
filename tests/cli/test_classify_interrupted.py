"""The command classify, stopped in mid-run or refused before any work."""

import signal
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.errors import SkyclassError
from skyclass.inference import classify_units
from skyclass.surveys.sdss.layout import find_fields


def test_a_real_interruption_keeps_what_is_done(
    plain_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = plain_survey / "frames"
    units = list(find_fields([frames]))
    assert len(units) > 1
    answered, inner = [], classify_units.classify_field
    interrupted = threading.Event()

    def interrupt_once(folder, unit, *arguments):
        if answered and not interrupted.is_set():
            interrupted.set()
            signal.raise_signal(signal.SIGINT)
        answered.append(unit)
        return inner(folder, unit, *arguments)

    monkeypatch.setattr(classify_units, "classify_field", interrupt_once)
    out = tmp_path / "classes.csv"
    words = ["classify", str(frames), "--out", str(out), "--workers", "1"]
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        stopped = CliRunner().invoke(app, words)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert stopped.exit_code == 130
    assert stopped.stderr.endswith("interrupted; run the same command again to resume it\n")
    assert not out.exists()
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    # no field was done twice, and nothing is left behind
    assert sorted(answered) == units
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    whole = tmp_path / "whole.csv"
    CliRunner().invoke(app, ["classify", str(frames), "--out", str(whole)])
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("kind", "message"), [("cutouts", "holds no frames"), ("fields", "are of 2 fields")]
)
def test_a_picture_that_cannot_be_drawn_is_refused_before_any_work(
    kind: str, message: str, plain_survey: Path, tmp_path: Path
) -> None:
    inputs = {"cutouts": tmp_path / "arrays.npz", "fields": plain_survey / "frames"}
    inputs["cutouts"].write_bytes(b"")
    words = ["classify", str(inputs[kind]), "--out", str(tmp_path / "a.csv"), "--picture"]
    result = CliRunner().invoke(app, [*words, str(tmp_path / "a.png")])
    assert isinstance(result.exception, SkyclassError)
    assert message in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["arrays.npz"]
