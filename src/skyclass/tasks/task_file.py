"""Read tasks from TOML files."""

from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skyclass.errors import TaskError
from skyclass.tasks.builtin import make_labels
from skyclass.tasks.task import Labels, Task
from skyclass.toml_file import read_toml

__all__ = ["read_task"]


class _TaskFile(BaseModel):
    """Contents of a task file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    column: str = Field(min_length=1)
    ordered: bool = False
    extended: bool = False
    classes: dict[str, list[str]] = Field(min_length=2)


def read_task(path: Path) -> Task:
    """Read a task from a file.

    The file names the catalogue's column that holds the class, and for each class its values;
    ``*`` stands for any characters::

        name = "m-subtypes"
        column = "subclass"
        ordered = true

        [classes]
        M0 = ["M0*"]
        M1 = ["M1*"]

    Parameters
    ----------
    path
        TOML file.

    Returns
    -------
    Task
        With the classes in the file's order.

    Raises
    ------
    TaskError
        If the file is missing or invalid.
    """
    try:
        content = _TaskFile.model_validate(read_toml(path, TaskError))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{path}: {where}: {first['msg'].lower()}") from error
    label = partial(_label_rows, column=content.column, classes=content.classes)
    return Task(
        content.name,
        tuple(content.classes),
        (content.column,),
        label,
        ordered=content.ordered,
        extended=content.extended,
    )


def _label_rows(table: pd.DataFrame, *, column: str, classes: dict[str, list[str]]) -> Labels:
    """Label rows by the first class with a matching pattern."""
    text = table[column].astype("string").str.strip()
    names = {value: _match_class(str(value), classes) for value in text.dropna().unique()}
    label = text.map(names).astype("string")
    return make_labels(text, label, f"no {column}", f"{column} of no class")


def _match_class(value: str, classes: dict[str, list[str]]) -> str | None:
    """Find the first class with a pattern that matches a value."""
    for name, patterns in classes.items():
        if any(fnmatchcase(value, pattern) for pattern in patterns):
            return name
    return None
