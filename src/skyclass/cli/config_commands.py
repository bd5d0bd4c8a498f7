"""The command that keeps configuration files up to date."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["migrate"]


def migrate(
    file: Annotated[Path, typer.Argument(help="experiment, study or search file (TOML)")],
) -> None:
    """Rewrite renamed keys of a configuration file in place."""
    from skyclass.config.migrate import migrate_config

    changes = migrate_config(file)
    typer.echo("\n".join(changes) or f"{file} has no old key; nothing was changed")
