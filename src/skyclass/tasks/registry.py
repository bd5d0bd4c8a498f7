"""The registry of tasks: labelling problems by name."""

from pathlib import Path
from typing import Final

from skyclass.errors import TaskError, nearest
from skyclass.plugins import add_entry, load_plugins
from skyclass.tasks.builtin import OBJECT_TYPE, make_spectral_class
from skyclass.tasks.task import Task
from skyclass.tasks.task_file import read_task

__all__ = ["get_task", "register_task", "tasks"]

GROUP: Final = "skyclass.tasks"
"""Entry-point group; each entry names a `Task`, or a function without parameters that returns
one."""

_TASKS: dict[str, Task] = {task.name: task for task in (make_spectral_class(), OBJECT_TYPE)}


def register_task(task: Task) -> Task:
    """Add a task to the registry, so that experiment files and functions can name it.

    Parameters
    ----------
    task
        Its name must be new.

    Returns
    -------
    Task
        The same task.

    Raises
    ------
    TaskError
        If the name is taken.

    Examples
    --------
    Bright and faint objects, by the PSF magnitude in r:

    >>> import pandas as pd
    >>> import skyclass
    >>> from skyclass.tasks.task import Labels, Task
    >>> def label_brightness(table):
    ...     r = table["psfMag_r"]
    ...     label = r.gt(19).map({True: "faint", False: "bright"}).where(r.notna())
    ...     reason = pd.Series("no psfMag_r", index=table.index).where(r.isna())
    ...     return Labels(label, reason)
    >>> task = Task("brightness", ("bright", "faint"), ("psfMag_r",), label_brightness)
    >>> skyclass.register_task(task).classes
    ('bright', 'faint')
    >>> skyclass.build_catalog("catalog.csv", "brightness").report.classes
    {'bright': 56, 'faint': 62}
    """
    _load_plugins()
    return _add(task)


def _add(task: Task) -> Task:
    """Add a task whose name is new."""
    if task.name in _TASKS:
        raise TaskError(f"task {task.name!r} is registered already; choose another name")
    add_entry(_TASKS, task.name, task)
    return task


def _load_plugins() -> None:
    """Add the tasks of installed packages."""
    load_plugins(GROUP, Task, _add)


def tasks() -> tuple[str, ...]:
    """List the names of all tasks."""
    _load_plugins()
    return tuple(_TASKS)


def get_task(name: str, *, template_luminosity: str = "any") -> Task:
    """Look up a task by name, or read it from a file.

    Parameters
    ----------
    name
        One of `tasks`, or the path of a task file (``.toml``).
    template_luminosity
        Which stars ``spectral-class`` labels: ``any`` or ``main-sequence``.

    Returns
    -------
    Task
        The task.

    Raises
    ------
    TaskError
        If there is no such task (the message names the most similar one), the file is invalid, or
        the task has no luminosity.
    """
    if name.endswith(".toml"):
        return read_task(Path(name))
    known = tasks()
    if name not in known:
        raise TaskError(
            f"unknown task {name!r}; did you mean {nearest(name, known)!r}?"
            f" (there are {', '.join(known)}, and task files ending in .toml)"
        )
    if template_luminosity == "any":
        return _TASKS[name]
    if name != "spectral-class":
        raise TaskError(f"template_luminosity applies to spectral-class, not to {name}")
    return make_spectral_class(template_luminosity)
