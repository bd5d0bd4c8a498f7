"""Commands are thin: each calls the one public function that the page of commands names."""

import ast
import importlib
import inspect
import textwrap

import pytest

from skyclass.cli.app import PANELS, Command

COMMANDS = [command for commands in PANELS.values() for command in commands]
READERS = {"parse_faults", "parse_prior", "read_catalog", "read_table"}
"""Functions that turn what was typed into an argument."""
RUNNERS = {"use_cluster", "use_threads"}
"""Functions that make the argument that says where the work is done."""
WRITERS = {"count_by_field", "write_catalog"}
"""Functions that write the result of a function that returns one."""


def imported(command: Command) -> list[tuple[str, str]]:
    """List the functions of other rooms that a command imports when it runs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(command.run)))
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if alias.name.islower() and alias.name not in READERS | RUNNERS | WRITERS
        if not node.module.startswith(("skyclass.cli", "skyclass.config.experiment_file"))
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_calls_one_function(command: Command) -> None:
    ((module, name),) = imported(command)
    room, _, public = command.function.rpartition(".")
    called = getattr(importlib.import_module(module), name)
    assert called is getattr(importlib.import_module(room), public)
