"""A task of one's own, told in a few lines of TOML."""

import tomllib
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skyclass.errors import TaskError
from skyclass.tasks.builtin import label_or_reason
from skyclass.tasks.task import Labels, Task

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

    The file names the catalogue's column that tells the class, and for each class the values it
    takes; ``*`` stands for any characters::

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
        Where the file is missing or says something else.
    """
    try:
        told = _TaskFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise TaskError(f"the task file {path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaskError(f"{path} is not a TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{path}: {where}: {first['msg'].lower()}") from error
    label = partial(_label, column=told.column, classes=told.classes)
    return Task(
        told.name,
        tuple(told.classes),
        (told.column,),
        label,
        ordered=told.ordered,
        extended=told.extended,
    )


def _label(table: pd.DataFrame, *, column: str, classes: dict[str, list[str]]) -> Labels:
    """Label rows by the first class one of whose patterns fits."""
    text = table[column].astype("string").str.strip()
    names = {value: _first_fit(str(value), classes) for value in text.dropna().unique()}
    label = text.map(names).astype("string")
    return label_or_reason(text, label, f"no {column}", f"{column} of no class")


def _first_fit(value: str, classes: dict[str, list[str]]) -> str | None:
    """Give the first class with a pattern that a value fits."""
    for name, patterns in classes.items():
        if any(fnmatchcase(value, pattern) for pattern in patterns):
            return name
    return None
