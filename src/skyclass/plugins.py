"""Load what adds to the registries: entry points of packages, and modules that a user names."""

import importlib
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from skyclass.errors import PluginError

__all__ = [
    "add_entry",
    "find_plugin_module",
    "import_plugins",
    "imported_plugins",
    "load_plugins",
    "locate_plugin",
]

_T = TypeVar("_T")
_loaded: set[tuple[str, str]] = set()
_imported: list[str] = []
_added: list[object] = []
"""What was added to any registry."""


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
            value = loaded if isinstance(loaded, kind) else loaded()
            # unless its module registers it
            if all(value is not each for each in _added):
                register(value)
        except Exception as error:  # another package may raise anything
            warnings.warn(
                f"entry point {entry.name!r} of {group} ({entry.value}) is left out:"
                f" {type(error).__name__}: {error}",
                stacklevel=4,
            )


def locate_plugin(plugin: str, folder: Path) -> str:
    """Locate a plugin that a file or a user names.

    Parameters
    ----------
    plugin
        Name of a module, or the path of its file (``.py``).
    folder
        Folder that it is looked for in first, and that relative paths refer to.

    Returns
    -------
    str
        Path of the file; the name itself for a module that is installed.
    """
    if plugin.endswith(".py"):
        return str(folder / plugin)
    file = folder / f"{plugin}.py"
    return str(file) if file.is_file() else plugin


def import_plugins(plugins: Iterable[str]) -> None:
    """Import modules that register image types, networks, tasks or surveys, each once.

    Parameters
    ----------
    plugins
        Names of installed modules, or paths of files (``.py``), whose folder is on Python's search
        path while it is imported.

    Raises
    ------
    PluginError
        If there is no such module, it cannot be imported, registers nothing, or has the name of
        another one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from skyclass.plugins import import_plugins
    >>> _ = Path("my_plugin.py").write_text('''
    ... import pandas as pd
    ... from skyclass import register_task
    ... from skyclass.tasks.task import Labels, Task
    ...
    ... def label(table):
    ...     return Labels(table["class"].str.lower(), pd.Series(None, index=table.index))
    ...
    ... register_task(Task("lower-case", ("star", "qso"), ("class",), label))
    ... ''')
    >>> import_plugins(["my_plugin.py"])
    >>> from skyclass.tasks.registry import get_task
    >>> get_task("lower-case").classes
    ('star', 'qso')
    """
    for plugin in plugins:
        path = Path(plugin).resolve() if plugin.endswith(".py") else None
        name = plugin if path is None else path.stem
        if name in sys.modules:
            _check_same_file(name, path)
        else:
            _import_new(plugin, name, path)
        location = str(path or plugin)
        if location not in _imported:
            _imported.append(location)


def imported_plugins() -> tuple[str, ...]:
    """List what `import_plugins` has imported in this process, for other processes to import."""
    return tuple(_imported)


def add_entry(entries: dict[str, _T], name: str, entry: _T) -> None:
    """Add an entry to a registry, so that `import_plugins` sees that there is one.

    Parameters
    ----------
    entries
        Entries of the registry by name.
    name, entry
        New name, and what it names.
    """
    entries[name] = entry
    _added.append(entry)


def find_plugin_module(function: Callable[..., object]) -> str | None:
    """Find the module that a registered function comes from.

    Parameters
    ----------
    function
        Function of an entry of a registry.

    Returns
    -------
    str or None
        Name of the module; None for one of skyclass.
    """
    while isinstance(function, partial):
        function = function.func
    module = str(getattr(function, "__module__", "unknown"))
    return None if module.split(".")[0] == "skyclass" else module


def _check_same_file(name: str, path: Path | None) -> None:
    """Check that a module that is imported already is the one that is meant."""
    file = getattr(sys.modules[name], "__file__", None)
    if path is not None and (file is None or Path(file).resolve() != path):
        raise PluginError(
            f"the plugin {path} has the name of another module, {file or name}, which is imported"
            " already; rename it"
        )


def _import_new(plugin: str, name: str, path: Path | None) -> None:
    """Import a module, and check that it registers something."""
    if path is not None and not path.is_file():
        raise PluginError(f"the plugin {path} does not exist")
    before, folder = len(_added), [] if path is None else [str(path.parent)]
    importlib.invalidate_caches()
    sys.path[:0] = folder
    try:
        importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module may raise anything
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise PluginError(
                f"the plugin {plugin!r} does not exist: no module of that name is installed, nor"
                f" is there a file {plugin}.py; a path of a file ends in .py"
            ) from error
        reason = next(iter(str(error).splitlines()), "")
        raise PluginError(
            f"the plugin {plugin} cannot be imported: {type(error).__name__}: {reason}"
        ) from error
    finally:
        for each in folder:
            sys.path.remove(each)
    if len(_added) == before:
        raise PluginError(
            f"the plugin {plugin} registers nothing; call register_image_type, register_network,"
            " register_task or register_survey in it"
        )
