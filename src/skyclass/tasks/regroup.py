"""Merge or drop classes of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from skyclass.errors import TaskError, nearest
from skyclass.tasks.task import Labels, Task, decode_strings, encode_strings

__all__ = ["regroup"]


def regroup(task: Task, merge: Mapping[str, Sequence[str]], drop: Sequence[str]) -> Task:
    """Merge classes of a task, and drop others.

    Parameters
    ----------
    task
        Any task.
    merge
        For each new class those that it replaces; it takes the place of the first of them.
    drop
        Classes whose rows get no label.

    Returns
    -------
    Task
        The same if there is nothing to do. Notes of its labels count under ``merged`` the rows of
        each merged class.

    Raises
    ------
    TaskError
        If a class is unknown, merged twice, merged and dropped, or fewer than two are left.
    """
    if not merge and not drop:
        return task
    names: dict[str, str | None] = {name: name for name in task.classes}
    replaced = [*drop, *(name for members in merge.values() for name in members)]
    for name in replaced:
        if name not in names:
            raise TaskError(
                f"task {task.name} has no class {name!r} to merge or drop; did you mean"
                f" {nearest(name, task.classes)!r}?"
            )
        if replaced.count(name) > 1:
            raise TaskError(f"labels.merge and labels.drop name class {name!r} more than once")
    names |= dict.fromkeys(drop)
    names |= {name: new for new, members in merge.items() for name in members}
    _check_names(task, merge, replaced)
    classes = tuple(dict.fromkeys(name for name in names.values() if name is not None))
    if len(classes) < 2:
        raise TaskError(f"labels.merge and labels.drop leave {task.name} fewer than two classes")

    def label(table: pd.DataFrame) -> Labels:
        return _rename_classes(task.label(table), names, merge)

    return replace(task, classes=classes, label=label)


def _check_names(task: Task, merge: Mapping[str, Sequence[str]], replaced: Sequence[str]) -> None:
    """Check that merged classes have members and do not take the name of a class that stays."""
    for new, members in merge.items():
        if not members:
            raise TaskError(f"labels.merge: no class is merged into {new!r}")
        if new in task.classes and new not in replaced:
            raise TaskError(f"labels.merge: class {new!r} exists already; choose another name")


def _rename_classes(
    labels: Labels, names: Mapping[str, str | None], merge: Mapping[str, Sequence[str]]
) -> Labels:
    """Rename the classes of rows."""
    codes, old = encode_strings(labels.label)
    counts = dict(zip(old, np.bincount(codes, minlength=len(old)).tolist(), strict=True))
    new = [None if name is None else names[name] for name in old]
    label = decode_strings(new, codes, labels.label.index)
    codes, reasons = encode_strings(labels.reason)
    dropped = [name for name in old if name is not None and names[name] is None]
    for name in dropped:
        codes[(labels.label == name).to_numpy(dtype=bool, na_value=False)] = len(reasons)
        reasons.append(f"class {name} is dropped")
    merged = {group: {name: counts.get(name, 0) for name in merge[group]} for group in merge}
    reason = decode_strings(reasons, codes, labels.reason.index)
    return Labels(label, reason, replace(labels.notes, merged=merged))
