"""Load what other installed packages add to a registry, by entry points."""

import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeVar

__all__ = ["load_plugins"]

_T = TypeVar("_T")
_loaded: set[tuple[str, str]] = set()


def load_plugins(group: str, kind: type[_T], register: Callable[[_T], object]) -> None:
    """Register what the entry points of a group name, each once.

    An entry point that cannot be loaded or registered is left out with a warning.

    Parameters
    ----------
    group
        Entry-point group, such as ``skyclass.surveys``.
    kind
        Class that an entry names an instance of, or a function without parameters that returns one.
    register
        Adds an instance to its registry.
    """
    for entry in entry_points(group=group):
        if (group, entry.value) in _loaded:
            continue
        _loaded.add((group, entry.value))
        try:
            loaded = entry.load()
            register(loaded if isinstance(loaded, kind) else loaded())
        except Exception as error:  # another package may raise anything
            warnings.warn(
                f"entry point {entry.name!r} of {group} ({entry.value}) is left out:"
                f" {type(error).__name__}: {error}",
                stacklevel=4,
            )
