"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from skyclass.plugins import import_plugins, locate_plugin

__all__ = [
    "JsonOption",
    "PictureOption",
    "PluginOption",
    "RegionsOption",
    "SampOption",
    "SchedulerOption",
    "SettingsOption",
    "SurveyOption",
    "TaskOption",
    "WorkersOption",
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
SchedulerOption = Annotated[
    str | None, typer.Option(help="Dask scheduler to work on, such as tcp://10.0.0.1:8786")
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="processes of one core each (default: threads on all cores)"),
]
PictureOption = Annotated[
    Path | None,
    typer.Option(help="also draw the field, its sources ringed: .png, or a page, .html"),
]
RegionsOption = Annotated[
    Path | None, typer.Option(help="also write the sources as regions for DS9: .reg")
]
SampOption = Annotated[
    bool, typer.Option("--samp", help="also send the table to a running TOPCAT or Aladin")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print the result as JSON")]


def import_named(plugins: list[str] | None) -> None:
    """Import the modules that `--plugin` names, before the command looks up any name."""
    import_plugins(locate_plugin(plugin, Path.cwd()) for plugin in plugins or ())
