"""Options that several commands have."""

from typing import Annotated

import typer

__all__ = ["JsonOption", "SettingsOption", "SurveyOption", "TaskOption"]

TaskOption = Annotated[str, typer.Option(help="spectral-class, object-type or a task file (TOML)")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="a key of the experiment file, such as split.by=field; repeatable"),
]
SurveyOption = Annotated[str, typer.Option(help="name of the survey, such as sdss")]
JsonOption = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
