"""The command on the cache that experiments share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skyclass.cli.json_output import print_json
from skyclass.cli.options import JsonOption

__all__ = ["CacheAction", "cache"]


class CacheAction(StrEnum):
    """What is done with the entries of a cache."""

    LS = "ls"
    CLEAR = "clear"


def cache(
    action: Annotated[CacheAction, typer.Argument(help="list its entries, or remove them")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="cache, or the folder that holds .skyclass-cache",
            show_default="SKYCLASS_CACHE, or else the current folder's",
        ),
    ] = None,
    older_than: Annotated[
        float | None, typer.Option(help="only what was not used for so many days", min=0)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List or clear what is kept for other experiments.

    That is cutouts, measurements, features and downloads. Clearing breaks no experiment.
    """
    from skyclass.cache_contents import clear_entries, list_entries

    run = list_entries if action == CacheAction.LS else clear_entries
    result = run(folder, older_than=older_than)
    print_json(result) if as_json else typer.echo(str(result))
