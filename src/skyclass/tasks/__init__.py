"""Labelling problems: class names, and how a catalogue row gets its label."""

from skyclass.tasks.registry import TASKS, get_task, register
from skyclass.tasks.regroup import regrouped
from skyclass.tasks.subclass import StellarType, parse_subclass
from skyclass.tasks.task import Labels, Task, distinct, spread

__all__ = [
    "TASKS",
    "Labels",
    "StellarType",
    "Task",
    "distinct",
    "get_task",
    "parse_subclass",
    "register",
    "regrouped",
    "spread",
]
