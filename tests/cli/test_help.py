"""Help: every command in a panel, one line long, with an example that can be typed."""

import logging
import shlex
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.cli.app import PANELS, Command
from skyclass.cli.verbosity import is_quiet, is_verbose, set_verbosity

COMMANDS = [command for commands in PANELS.values() for command in commands]


def show_help(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def _restored_verbosity() -> Iterator[None]:
    level = logging.getLogger("skyclass").level
    with warnings.catch_warnings():
        yield
    logging.getLogger("skyclass").setLevel(level)


def test_commands_stand_in_panels_each_on_one_line() -> None:
    lines = show_help().splitlines()
    for panel, commands in PANELS.items():
        start = next(i for i, line in enumerate(lines) if line.startswith(f"╭─ {panel} ─"))
        shown = [line.split()[1] for line in lines[start + 1 : start + 1 + len(commands)]]
        assert shown == [command.name for command in commands]
        assert lines[start + 1 + len(commands)].startswith("╰")
    assert all(len(line) <= 80 for line in lines)
    assert "--install-completion" in "\n".join(lines)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_ends_with_an_example_on_one_line(command: Command) -> None:
    lines = show_help(command.name).strip().splitlines()
    assert lines[-1].strip() == f"Example: {command.example}"
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_an_example_is_understood(command: Command) -> None:
    program, name, *arguments = shlex.split(command.example)
    assert (program, name) == ("skyclass", command.name)
    group = typer.main.get_command(app)
    parsed = group.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
    assert parsed.params


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys; from skyclass.cli import app; from typer.testing import CliRunner;"
        "assert CliRunner().invoke(app, ['download', '--help']).exit_code == 0;"
        "print(*sys.modules)"
    )
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"torch", "pandas", "astropy", "numpy", "datasets"}
    assert seconds < 3


@pytest.mark.usefixtures("_restored_verbosity")
def test_verbosity_is_that_of_the_log() -> None:
    set_verbosity(quiet=False, verbose=False)
    assert (is_quiet(), is_verbose()) == (False, False)
    set_verbosity(quiet=True, verbose=False)
    assert (is_quiet(), is_verbose()) == (True, False)
    set_verbosity(quiet=False, verbose=True)
    assert (is_quiet(), is_verbose()) == (False, True)


def test_quiet_and_verbose_exclude_each_other() -> None:
    result = CliRunner().invoke(app, ["--quiet", "--verbose", "migrate", "a.toml"])
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr
