"""Tasks by name."""

from pathlib import Path
from typing import Final

from skyclass.errors import TaskError, nearest
from skyclass.tasks.builtin import OBJECT_TYPE, spectral_class
from skyclass.tasks.task import Task
from skyclass.tasks.task_file import read_task

__all__ = ["TASKS", "get_task", "register"]

TASKS: Final = {task.name: task for task in (spectral_class(), OBJECT_TYPE)}
"""Tasks by name."""


def register(task: Task) -> Task:
    """Make a task known by its name, in this process.

    Parameters
    ----------
    task
        Task of one's own.

    Returns
    -------
    Task
        The same task.

    Raises
    ------
    TaskError
        Where the name is taken by another task.
    """
    if TASKS.setdefault(task.name, task) is not task:
        raise TaskError(f"there is a task named {task.name!r} already; choose another name")
    return task


def get_task(name: str, *, template_luminosity: str = "any") -> Task:
    """Look a task up by name, or read it from a file.

    Parameters
    ----------
    name
        Key of `TASKS`, or the path of a task file (``.toml``).
    template_luminosity
        Which stars ``spectral-class`` takes: ``any`` or ``main-sequence``.

    Returns
    -------
    Task
        The task.

    Raises
    ------
    TaskError
        Where there is none of that name (the nearest one is named), the file cannot be used, or
        the task knows no luminosity.
    """
    if name.endswith(".toml"):
        return read_task(Path(name))
    if name not in TASKS:
        raise TaskError(
            f"unknown task {name!r}; did you mean {nearest(name, TASKS)!r}?"
            f" (there are {', '.join(TASKS)}, and task files ending in .toml)"
        )
    if template_luminosity == "any":
        return TASKS[name]
    if name != "spectral-class":
        raise TaskError(f"template_luminosity belongs to spectral-class, not to {name}")
    return spectral_class(template_luminosity)
