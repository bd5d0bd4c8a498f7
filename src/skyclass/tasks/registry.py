"""Register and look up tasks by name."""

from pathlib import Path
from typing import Final

from skyclass.errors import TaskError, nearest
from skyclass.tasks.builtin import OBJECT_TYPE, make_spectral_class
from skyclass.tasks.task import Task
from skyclass.tasks.task_file import read_task

__all__ = ["TASKS", "get_task", "register"]

TASKS: Final = {task.name: task for task in (make_spectral_class(), OBJECT_TYPE)}
"""Tasks by name."""


def register(task: Task) -> Task:
    """Register a task under its name, in this process.

    Parameters
    ----------
    task
        Task to register.

    Returns
    -------
    Task
        The same task.

    Raises
    ------
    TaskError
        If another task has the name.
    """
    if TASKS.setdefault(task.name, task) is not task:
        raise TaskError(f"task {task.name!r} exists already; choose another name")
    return task


def get_task(name: str, *, template_luminosity: str = "any") -> Task:
    """Look up a task by name, or read it from a file.

    Parameters
    ----------
    name
        Key of `TASKS`, or the path of a task file (``.toml``).
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
    if name not in TASKS:
        raise TaskError(
            f"unknown task {name!r}; did you mean {nearest(name, TASKS)!r}?"
            f" (there are {', '.join(TASKS)}, and task files ending in .toml)"
        )
    if template_luminosity == "any":
        return TASKS[name]
    if name != "spectral-class":
        raise TaskError(f"template_luminosity applies to spectral-class, not to {name}")
    return make_spectral_class(template_luminosity)
