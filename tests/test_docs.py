"""Pages of the documentation that are made from the code."""

import ast
import importlib
import inspect
import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer

import skyclass
from skyclass.cli.app import PANELS, app

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"]


def test_the_page_of_settings_is_that_of_the_code() -> None:
    made = runpy.run_path(str(DOCS / "settings.py"))["page"]()
    assert (DOCS / "settings.md").read_text() == made
    assert "## `[training]`" in made
    assert "Requests a second to one host; 0 sets no limit." in made


def test_the_page_of_commands_is_that_of_the_code() -> None:
    made = runpy.run_path(str(DOCS / "commands.py"))["page"]()
    assert (DOCS / "commands.md").read_text() == made
    assert "| `cutouts` | `skyclass.make_cutouts` |" in made


def test_the_page_of_predictions_is_that_of_the_code() -> None:
    made = runpy.run_path(str(DOCS / "predictions.py"))["page"]()
    assert (DOCS / "predictions.md").read_text() == made
    assert "| `ra`\\* | float64 | deg | right ascension (ICRS) |" in made


def test_the_page_of_results_and_the_schemas_are_those_of_the_code() -> None:
    made = runpy.run_path(str(DOCS / "results.py"))["files"]()
    assert {name: (DOCS / name).read_text() for name in made} == made
    assert {f"schemas/{path.name}" for path in (DOCS / "schemas").iterdir()} < set(made)
    assert "| `validation_accuracy` | number |" in made["results.md"]


def test_every_key_of_a_result_is_explained() -> None:
    page = (DOCS / "results.md").read_text()
    assert not re.findall(r"^\| `\w+` \| .* \|  \|$", page, re.M)


def test_the_page_of_the_python_interface_shows_what_is_public() -> None:
    shown = set(re.findall(r"auto(?:function|class):: (\S+)", (DOCS / "api.md").read_text()))
    assert {f"skyclass.{name}" for name in skyclass.__all__ if name != "__version__"} <= shown
    commands = [command for panel in PANELS.values() for command in panel]
    assert {name for each in commands for name in (each.function, *each.instead)} <= shown


def test_the_names_on_the_page_of_the_python_interface_exist() -> None:
    names = re.findall(r"auto(?:function|class):: (\S+)\.(\w+)", (DOCS / "api.md").read_text())
    for module, name in names:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_the_classes_that_public_functions_take_and_return_are_shown() -> None:
    shown = set(re.findall(r"autoclass:: \S+\.(\w+)", (DOCS / "api.md").read_text()))
    for name in skyclass.__all__:
        value = getattr(skyclass, name)
        if inspect.isfunction(value):
            named = set(re.findall(r"skyclass\.([\w.]+)", str(inspect.signature(value))))
            # sections of the experiment file have a page of their own
            classes = {each.split(".")[-1] for each in named if not each.startswith("config.")}
            assert classes <= shown | {"no_progress"}, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_in_code_of_the_documentation_exist(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skyclass"):
                module = importlib.import_module(str(node.module))
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "skyclass":
                assert node.attr in skyclass.__all__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_documentation_are_understood(page: Path) -> None:
    group = typer.main.get_command(app)
    text = page.read_text().replace("\\\n", " ")
    code = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) + re.findall(r"^    .+", text, re.M)
    for line in re.findall(r"^ *skyclass (.+)$", "\n".join(code), re.M):
        name, *arguments = shlex.split(line, comments=True)
        assert group.commands[name].make_context(name, arguments).params  # type: ignore[attr-defined]
