"""Write the page of all settings of an experiment file, from the classes that check it.

Usage: python docs/settings.py      (writes docs/settings.md)
"""

import ast
import inspect
import itertools
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from skyclass.config.section import Section
from skyclass.config.sections import Experiment

WORDS = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "Path": "path",
}
HEAD = """# The experiment file

All sections and keys of the TOML file that `skyclass experiment` takes. Each may be left out
where it has a default. Those of `catalog`, `labels`, `clean`, `sample` and `split` are also set by
`skyclass catalog --set SECTION.KEY=VALUE`. What was used is written to `experiment.toml` in the
experiment's directory. (`python docs/settings.py` makes this page.)
"""


def page() -> str:
    """Write the page."""
    plain, sections = [], []
    for name, field in Experiment.model_fields.items():
        kind = field.annotation
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            sections.append(
                f"## `[{name}]`\n\n{kind.__doc__}\n\n{table(kind, list(kind.model_fields))}"
            )
        else:
            plain.append(name)
    first = f"## At the top of the file\n\n{table(Experiment, plain)}"
    return "\n".join([HEAD, first, *sections])


def table(section: type[BaseModel], names: list[str]) -> str:
    """Write the keys of a section as a table."""
    told = explanations(section)
    rows = ["| key | value | default | |", "|---|---|---|---|"]
    for name in names:
        field = section.model_fields[name]
        cells = (f"`{name}`", written(told[name][0]), default(field), told[name][1])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def explanations(section: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Give the type of each key, as it is written, and the text below it."""
    found: dict[str, tuple[str, str]] = {}
    for kind in section.__mro__[: section.__mro__.index(Section)]:
        (node,) = ast.parse(inspect.getsource(kind)).body
        assert isinstance(node, ast.ClassDef)
        for field, text in itertools.pairwise(node.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                meaning = " ".join(ast.literal_eval(text.value).split())
                found[ast.unparse(field.target)] = (ast.unparse(field.annotation), meaning)
    return found


def written(kind: str) -> str:
    """Say in the words of TOML what a key may be."""
    kind = kind.removesuffix(" | None")
    if kind.startswith("tuple["):
        return f"list of: {written(kind.removeprefix('tuple[').removesuffix(', ...]'))}"
    if kind.startswith("dict[str, "):
        return f"table of: {written(kind.removeprefix('dict[str, ').removesuffix(']'))}"
    if kind.startswith("Literal["):
        return kind.removeprefix("Literal[").removesuffix("]").replace("'", "`")
    return WORDS.get(kind.removeprefix("Annotated[").partition(",")[0], kind)


def default(field: FieldInfo) -> str:
    """Write a default as TOML does, where there is one."""
    value: Any = field.get_default(call_default_factory=True)
    if field.is_required():
        return "needed"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum | str):
        return f"`{value}`"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
