"""A task with some of its classes merged or left out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from skyclass.errors import TaskError, nearest
from skyclass.tasks.task import Labels, Task, distinct, spread

__all__ = ["regrouped"]


def regrouped(task: Task, merge: Mapping[str, Sequence[str]], drop: Sequence[str]) -> Task:
    """Merge classes of a task, and leave some out.

    Parameters
    ----------
    task
        Any task.
    merge
        For a new class the classes that it takes the place of; it stands where the first of them
        stood.
    drop
        Classes whose rows get no label.

    Returns
    -------
    Task
        The same where nothing is asked for. Its labels' notes tell under ``merged`` the rows of
        each class that was merged.

    Raises
    ------
    TaskError
        Where a class is unknown, merged twice, merged and dropped, or less than two are left.
    """
    if not merge and not drop:
        return task
    names: dict[str, str | None] = {name: name for name in task.classes}
    taken = [*drop, *(name for members in merge.values() for name in members)]
    for name in taken:
        if name not in names:
            raise TaskError(
                f"{task.name} has no class {name!r} to merge or drop; did you mean"
                f" {nearest(name, task.classes)!r}?"
            )
        if taken.count(name) > 1:
            raise TaskError(f"class {name!r} is merged or dropped more than once")
    names |= dict.fromkeys(drop)
    names |= {name: new for new, members in merge.items() for name in members}
    _check_names(task, merge, taken)
    classes = tuple(dict.fromkeys(name for name in names.values() if name is not None))
    if len(classes) < 2:
        raise TaskError(f"after labels.merge and labels.drop {task.name} has less than two classes")

    def label(table: pd.DataFrame) -> Labels:
        return _renamed(task.label(table), names, merge)

    return replace(task, classes=classes, label=label)


def _check_names(task: Task, merge: Mapping[str, Sequence[str]], taken: Sequence[str]) -> None:
    """Refuse merged classes without members, or with the name of a class that stays."""
    for new, members in merge.items():
        if not members:
            raise TaskError(f"labels.merge: no class is merged into {new!r}")
        if new in task.classes and new not in taken:
            raise TaskError(f"labels.merge: there is a class {new!r} already; choose another name")


def _renamed(
    labels: Labels, names: Mapping[str, str | None], merge: Mapping[str, Sequence[str]]
) -> Labels:
    """Give rows the new names of their classes."""
    codes, old = distinct(labels.label)
    counts = dict(zip(old, np.bincount(codes, minlength=len(old)).tolist(), strict=True))
    new = [None if name is None else names[name] for name in old]
    label = spread(new, codes, labels.label.index)
    codes, reasons = distinct(labels.reason)
    dropped = [name for name in old if name is not None and names[name] is None]
    for name in dropped:
        codes[(labels.label == name).to_numpy(dtype=bool, na_value=False)] = len(reasons)
        reasons.append(f"class {name} is dropped")
    merged = {group: {name: counts.get(name, 0) for name in merge[group]} for group in merge}
    notes = labels.notes | ({"merged": merged} if merged else {})
    return Labels(label, spread(reasons, codes, labels.reason.index), notes)
