"""Where there is no terminal, a long stage says how fast it is and how long it will take."""

import pytest

from skyclass.cli import progress_bars as module
from skyclass.cli.progress_bars import progress_bars


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (5.0, "fields 8/40 (5.0 s each, 0:02:40 left)"),
        (0.5, "fields 40/40 (2.0/s)"),
        (0.1, "fields 40/40\n"),
    ],
)
def test_lines_of_a_long_stage(
    step: float, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with progress_bars() as progress:
        for done in range(41):
            progress("fields", done, 40)
            now[0] += step
    printed = capsys.readouterr().err
    assert expected in printed
    assert printed.startswith("fields 0/40\n")
