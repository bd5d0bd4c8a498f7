"""Read, make and write experiment files."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.config.renamed_keys import RENAMED
from skyclass.config.sections import CutoutConfig, Experiment, ObjectsConfig
from skyclass.errors import ConfigError, nearest
from skyclass.files import AnyPath, atomic_path

__all__ = [
    "cutout_config",
    "explain",
    "make_config",
    "objects_config",
    "read_config",
    "write_config",
]

_Model = TypeVar("_Model", bound=BaseModel)


class _CuttingConfig(BaseModel):
    """What the command that only cuts is told."""

    model_config = ConfigDict(extra="forbid")

    cutouts: CutoutConfig


def read_config(path: AnyPath) -> Experiment:
    """Read an experiment file; relative paths in it become absolute.

    Parameters
    ----------
    path
        TOML file.

    Returns
    -------
    Experiment
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        Where the file is missing or not TOML, or has an unknown key (the nearest known one is
        named) or a value that cannot be.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}") from error
    return make_config(values, path.resolve().parent, str(path))


def make_config(values: dict[str, Any], base: Path, name: str) -> Experiment:
    """Make a configuration of what an experiment file says; relative paths become absolute.

    Parameters
    ----------
    values
        Nested keys and values.
    base
        Folder that relative paths start from.
    name
        What the values are called in a message.

    Returns
    -------
    Experiment
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        Where there is an unknown key (the nearest known one is named) or a value that cannot be.
    """
    try:
        config = Experiment.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{name}: {explain(error, Experiment)}") from error
    changed: dict[str, Any] = {}
    if config.survey.frames is not None:
        frames = base / config.survey.frames
        changed["survey"] = config.survey.model_copy(update={"frames": frames})
    if config.catalog.path is not None:
        changed["catalog"] = config.catalog.model_copy(update={"path": base / config.catalog.path})
    if config.task.endswith(".toml"):
        changed["task"] = str(base / config.task)
    if config.images.upscaler is not None:
        upscaler = base / config.images.upscaler
        changed["images"] = config.images.model_copy(update={"upscaler": upscaler})
    if config.model.weights is not None:
        weights = base / config.model.weights
        changed["model"] = config.model.model_copy(update={"weights": weights})
    return config.model_copy(update=changed)


def objects_config(table: Path | None, task: str, seed: int, settings: list[str]) -> ObjectsConfig:
    """Make a configuration of objects from what was typed.

    Parameters
    ----------
    table
        File of objects, or None where they come from a query.
    task
        Name of a task.
    seed
        Seed.
    settings
        ``key=value`` as in an experiment file, such as ``split.by=field``; a value that is not
        TOML is text.

    Returns
    -------
    ObjectsConfig
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        Where a setting is unknown or its value cannot be.
    """
    values: dict[str, Any] = {"task": task, "seed": seed, "catalog": {}}
    if table is not None:
        values["catalog"]["path"] = str(table)
    return _with_settings(ObjectsConfig, values, settings)


def cutout_config(size: float, settings: list[str]) -> CutoutConfig:
    """Make a configuration of cutouts from what was typed.

    Parameters
    ----------
    size
        How long a side is.
    settings
        ``key=value`` as in an experiment file, such as ``cutouts.unit=arcsec``.

    Returns
    -------
    CutoutConfig
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        Where a setting is unknown or its value cannot be.
    """
    return _with_settings(_CuttingConfig, {"cutouts": {"size": size}}, settings).cutouts


def _with_settings(model: type[_Model], values: dict[str, Any], settings: list[str]) -> _Model:
    """Put settings among values and check them all."""
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} has no value; write key=value")
        _put(values, key.strip().split("."), _parsed(text.strip()), setting)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, model)) from error


def _put(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    """Put a value under nested keys."""
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {setting!r}: {key} holds a value, not a section")
    values[keys[-1]] = value


def _parsed(text: str) -> Any:
    """Read a value as TOML, or as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def format_config(config: Experiment) -> str:
    """Format an experiment as TOML that `read_config` reads back.

    Parameters
    ----------
    config
        Experiment.

    Returns
    -------
    str
        All settings, the defaults too.
    """
    values = config.model_dump(mode="json", exclude_none=True)
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for section in (key for key in values if key not in plain):
        lines += ["", f"[{section}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values[section].items()]
    return "\n".join(lines) + "\n"


def write_config(config: Experiment, path: AnyPath) -> None:
    """Write an experiment file.

    Parameters
    ----------
    config
        Experiment.
    path
        File to write or replace.
    """
    with atomic_path(Path(path)) as partial:
        partial.write_text(format_config(config), encoding="utf-8")


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Say in one line what the first thing wrong with a file is.

    Parameters
    ----------
    error
        What pydantic found.
    model
        The whole file's.

    Returns
    -------
    str
        Where it is and what is wrong; for an unknown key, the nearest known one.
    """
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        if where in RENAMED:
            return (
                f"the key {where!r} is now {RENAMED[where]!r}; `skyclass migrate FILE` rewrites"
                " old keys"
            )
        *sections, key = (str(part) for part in first["loc"])
        known = _keys(model, sections)
        return f"unknown key {where!r}; did you mean {nearest(key, known)!r}?"
    if first["type"] == "missing":
        return f"the key {where!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        # a message about one key of a section begins with that key
        return message if where and message.startswith(f"{where}.") else f"{where}: {message}"
    return f"{where}: {message[:1].lower()}{message[1:]} (got {first['input']!r})"


def _keys(model: Any, sections: list[str]) -> list[str]:
    """List the keys that a section of the file may have."""
    for section in (name for name in sections if not name.isdigit()):
        kind = model.model_fields[section].annotation
        # of several sections, or of one that may be lacking, the section itself
        model = next((k for k in get_args(kind) if hasattr(k, "model_fields")), kind)
    return list(model.model_fields)


def _toml(value: str | float | dict[str, Any] | list[Any]) -> str:
    """Write one value in TOML: its strings are escaped as JSON's basic strings are."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _quoted(text: str) -> str:
    """Give a TOML basic string (https://toml.io/en/v1.0.0#string)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
