"""Commands are thin: each calls the one public function that the page of commands names."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable

import pytest

from skyclass.cli.app import PANELS, Command

COMMANDS = [command for commands in PANELS.values() for command in commands]
READERS = {"parse_faults", "parse_prior", "read_catalog", "read_table"}
"""Functions that turn what was typed into an argument."""
RUNNERS = {"use_cluster", "use_threads"}
"""Functions that make the argument that says where the work is done."""
WRITERS = {"count_by_field", "write_catalog"}
"""Functions that write the result of a function that returns one."""


def imported(function: Callable[..., object]) -> set[tuple[str, str]]:
    """Find the functions of other rooms that a command, or what it calls, imports when it runs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if alias.name.islower() and alias.name not in READERS | RUNNERS | WRITERS
        if not alias.name.startswith("check_")  # raises early what the function raises, too
        if not node.module.startswith(("skyclass.cli", "skyclass.config.experiment_file"))
    }
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    helpers = [
        value
        for name, value in vars(inspect.getmodule(function)).items()
        if name.startswith("_") and name in names and inspect.isfunction(value)
    ]
    return found.union(*map(imported, helpers))


def find(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_calls_the_functions_that_are_documented(command: Command) -> None:
    called = {find(f"{module}.{name}") for module, name in imported(command.run)}
    assert called == {find(name) for name in (command.function, *command.instead)}
