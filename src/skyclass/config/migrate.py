"""Rewrite the keys of a configuration file that have been renamed since it was written."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from skyclass.config.renamed_keys import RENAMED, RENAMED_VALUES
from skyclass.errors import ConfigError
from skyclass.files import AnyPath, atomic_path
from skyclass.toml_file import read_toml

__all__ = ["migrate_config"]

_MARK: Final = "renamed-key-under-test"
"""Takes the place of a key while the parser decides where in the file it stands."""


def migrate_config(file: AnyPath) -> list[str]:
    r"""Rewrite old keys of a configuration file in place; all else in it stays as it is.

    Experiment, study and search files are rewritten alike. The file is replaced in one step, and
    only where a key was renamed.

    Parameters
    ----------
    file
        TOML file.

    Returns
    -------
    list of str
        A line for each key that was renamed, in the order of the file.

    Raises
    ------
    ConfigError
        If the file is missing or not TOML, or holds a key under both its names.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from skyclass.config.migrate import migrate_config
    >>> _ = Path("old.toml").write_text('[cutouts]\nsize = 64\nregistration = "none"  # as it is')
    >>> migrate_config("old.toml")
    ['line 3: cutouts.registration = "none" is now cutouts.grid = "native"']
    >>> print(Path("old.toml").read_text())
    [cutouts]
    size = 64
    grid = "native"  # as it is
    """
    file = Path(file)
    before = text = _read(file)
    changes: dict[int, str] = {}
    for old, new in RENAMED.items():
        text = _rename(text, old, new, changes)
    try:
        left = set(_keys(tomllib.loads(text))) & set(RENAMED)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{file} holds a key under its old and its new name ({', '.join(changes.values())});"
            " delete one of them"
        ) from error
    if left:
        old = min(left)
        raise ConfigError(f"{file}: rename {old} to {RENAMED[old]} by hand; nothing was changed")
    if text != before:
        with atomic_path(file.resolve()) as partial:
            partial.write_text(text, encoding="utf-8", newline="")
    return [f"line {line}: {change}" for line, change in sorted(changes.items())]


def _read(file: Path) -> str:
    """Read a file, with its line ends, and check that it is TOML."""
    read_toml(file, ConfigError)
    return file.read_bytes().decode("utf-8")


def _rename(text: str, old: str, new: str, changes: dict[int, str]) -> str:
    """Rename one key wherever it stands, and note the change under its line number."""
    name, renamed = old.rpartition(".")[2], new.rpartition(".")[2]
    values = RENAMED_VALUES.get(old, {})
    pattern = (
        rf"(?<![\w-]){name}(?P<equals>[\"']?[ \t]*=[ \t]*)"
        r"(?:(?P<quote>[\"'])(?P<value>[\w-]+)(?P=quote))?"
    )
    # from the end of the file, so that what is yet to be looked at keeps its place
    for match in reversed(list(re.finditer(pattern, text))):
        marked = text[: match.start()] + _MARK + text[match.start() + len(name) :]
        if old.removesuffix(name) + _MARK not in _keys(tomllib.loads(marked)):
            continue  # a key of another section, or no key: a comment, a string
        value = match["value"] or ""
        quote = match["quote"] or ""
        written = match["equals"] + f"{quote}{values.get(value, value)}{quote}"
        line = text.count("\n", 0, match.start()) + 1
        changes[line] = f"{_describe(old, value)} is now {_describe(new, values.get(value, value))}"
        text = text[: match.start()] + renamed + written + text[match.end() :]
    return text


def _describe(key: str, value: str) -> str:
    """Write a key with its value, if that is a single word."""
    return f'{key} = "{value}"' if value else key


def _keys(values: Mapping[str, Any]) -> Iterator[str]:
    """List the ``section.key`` of all values of a file, however deep its sections lie."""
    for name, value in values.items():
        if "." in name:  # a key of a search
            yield name
        inner = value if isinstance(value, list) else [value]
        for section in (each for each in inner if isinstance(each, Mapping)):
            yield from (f"{name}.{key}" for key in section)
            yield from _keys(section)
