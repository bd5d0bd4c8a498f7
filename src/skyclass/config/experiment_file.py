"""Read, build and write experiments as TOML files."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.config.describe_error import describe_error
from skyclass.config.section import Settings
from skyclass.config.sections import CutoutConfig, Experiment, ObjectsConfig
from skyclass.errors import ConfigError
from skyclass.files import AnyPath, atomic_path
from skyclass.plugins import import_plugins, locate_plugin
from skyclass.schema import HUB_SCHEME
from skyclass.toml_file import read_toml

if TYPE_CHECKING:
    from tomlkit.items import InlineTable

__all__ = [
    "format_config",
    "format_toml",
    "format_value",
    "make_config",
    "make_cutout_config",
    "make_objects_config",
    "read_config",
    "write_config",
]

_Model = TypeVar("_Model", bound=BaseModel)


class _CuttingConfig(BaseModel):
    """Settings of cutouts alone."""

    model_config = ConfigDict(extra="forbid")

    cutouts: CutoutConfig


def read_config(path: AnyPath) -> Experiment:
    """Read an experiment file; relative paths in it become absolute, its plugins are imported.

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
        If the file is missing or not TOML, or has an unknown key (the message names the most
        similar one) or an invalid value.
    PluginError
        If a plugin does not exist, cannot be imported or registers nothing.

    Examples
    --------
    >>> import skyclass
    >>> config = skyclass.read_config("stars.toml")
    >>> config.task, config.cutouts.size, config.training.epochs
    ('spectral-class', 32.0, 2)
    """
    path = Path(path)
    return make_config(read_toml(path, ConfigError), path.resolve().parent, str(path))


def make_config(values: Settings, base: Path, name: str) -> Experiment:
    """Build an experiment from the contents of its file, as `read_config` does.

    Parameters
    ----------
    values
        Nested keys and values.
    base
        Folder that relative paths refer to.
    name
        Name of the file in messages.

    Returns
    -------
    Experiment
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        If there is an unknown key (the message names the most similar one) or an invalid value.
    PluginError
        If a plugin does not exist, cannot be imported or registers nothing.
    """
    try:
        config = Experiment.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{name}: {describe_error(error, Experiment)}") from error
    changed: Settings = {}
    if config.plugins:
        changed["plugins"] = tuple(locate_plugin(plugin, base) for plugin in config.plugins)
        # before any name is looked up
        import_plugins(changed["plugins"])
    paths = {"frames": config.survey.frames, "footprint": config.survey.footprint}
    placed = {name: base / path for name, path in paths.items() if path is not None}
    if placed:
        changed["survey"] = config.survey.model_copy(update=placed)
    if config.catalog.path is not None:
        changed["catalog"] = config.catalog.model_copy(update={"path": base / config.catalog.path})
    if config.task.endswith(".toml"):
        changed["task"] = str(base / config.task)
    if config.images.upscaler is not None:
        upscaler = base / config.images.upscaler
        changed["images"] = config.images.model_copy(update={"upscaler": upscaler})
    if config.model.weights is not None and not _is_name(config.model.weights, base):
        weights = str(base / config.model.weights)
        changed["model"] = config.model.model_copy(update={"weights": weights})
    return config.model_copy(update=changed)


def _is_name(weights: str, base: Path) -> bool:
    """Tell whether weights are named: those of the Hub, or of a model that comes with skyclass."""
    if weights.startswith(HUB_SCHEME):
        return True
    return weights.isidentifier() and not (base / weights).exists()


def make_objects_config(
    table: Path | None, task: str, seed: int, settings: list[str]
) -> ObjectsConfig:
    """Build the configuration of a catalogue from settings.

    Parameters
    ----------
    table
        File of objects; None if they come from a query.
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
        If a setting is unknown or its value invalid.
    """
    values: Settings = {"task": task, "seed": seed, "catalog": {}}
    if table is not None:
        values["catalog"]["path"] = str(table)
    return _validate_settings(ObjectsConfig, values, settings)


def make_cutout_config(size: float, settings: list[str]) -> CutoutConfig:
    """Build the configuration of cutouts from settings.

    Parameters
    ----------
    size
        Length of a side.
    settings
        ``key=value`` as in an experiment file, such as ``cutouts.unit=arcsec``.

    Returns
    -------
    CutoutConfig
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        If a setting is unknown or its value invalid.
    """
    return _validate_settings(_CuttingConfig, {"cutouts": {"size": size}}, settings).cutouts


def _validate_settings(model: type[_Model], values: Settings, settings: list[str]) -> _Model:
    """Add settings to values and validate them all."""
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"setting {setting!r} has no value; write key=value")
        _insert(values, key.strip().split("."), _parse_value(text.strip()), setting)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(describe_error(error, model)) from error


def _insert(values: Settings, keys: list[str], value: Any, setting: str) -> None:
    """Insert a value under nested keys."""
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise ConfigError(f"setting {setting!r}: {key} is a value, not a section")
    values[keys[-1]] = value


def _parse_value(text: str) -> Any:
    """Parse a value as TOML; other text stays text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
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
    return format_toml(config.model_dump(mode="json", exclude_none=True))


def format_toml(values: Settings) -> str:
    """Format nested settings as TOML: values first, then a section for each table.

    Parameters
    ----------
    values
        Nested keys and values; a table inside a section is written in one line.

    Returns
    -------
    str
        Text that `tomllib.loads` reads back.

    Examples
    --------
    >>> print(format_toml({"seeds": [1, 2], "sample": {"counts": {"O": 12}}}), end="")
    seeds = [1, 2]
    <BLANKLINE>
    [sample]
    counts = {O = 12}
    """
    # not before it is needed: tomlkit takes longer to import than the rest of this room
    import tomlkit

    document = tomlkit.document()
    document.update({k: value for k, value in values.items() if not isinstance(value, dict)})
    for name, section in values.items():
        if isinstance(section, dict):
            table = tomlkit.table()
            for key, value in section.items():
                table.add(key, _make_inline(value) if isinstance(value, dict) else value)
            document.add(name, table)
    return tomlkit.dumps(document)


def format_value(value: object) -> str:
    """Format one value as TOML, in one line.

    Parameters
    ----------
    value
        Text, number, truth value, or a list or table of them.

    Returns
    -------
    str
        What stands behind the equals sign.

    Examples
    --------
    >>> print(format_value([1, "two", True]))
    [1, "two", true]
    """
    import tomlkit

    if isinstance(value, dict):
        return _make_inline(value).as_string()
    return tomlkit.item(value).as_string()


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


def _make_inline(values: Settings) -> "InlineTable":
    """Make a table that is written in one line."""
    import tomlkit

    table = tomlkit.inline_table()
    table.update(values)
    return table
