"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.plugins import import_plugins, locate_plugin

__all__ = [
    "JsonOption",
    "PluginOption",
    "SettingsOption",
    "SurveyOption",
    "TaskOption",
    "import_named",
]


TaskOption = Annotated[str, typer.Option(help="spectral-class, object-type or a task file (TOML)")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="a key of the experiment file, such as split.by=field; repeatable"),
]
SurveyOption = Annotated[str, typer.Option(help="name of the survey, such as sdss")]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="a module of your own that registers image types, networks, tasks or surveys:"
        " installed, or MODULE.py here; repeatable",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print the result as JSON")]


def import_named(plugins: list[str] | None) -> None:
    """Import the modules that `--plugin` names, before the command looks up any name."""
    import_plugins(locate_plugin(plugin, Path.cwd()) for plugin in plugins or ())
