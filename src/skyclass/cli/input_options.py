"""Options of `classify` that say what its inputs do not."""

from typing import Annotated, Final

import typer

__all__ = ["DecOption", "RaOption", "UnitOption"]

_TABLE: Final = "Table of positions"

RaOption = Annotated[
    str | None,
    typer.Option(
        help="column of right ascensions", show_default="known names", rich_help_panel=_TABLE
    ),
]
DecOption = Annotated[
    str | None,
    typer.Option(help="column of declinations", show_default="known names", rich_help_panel=_TABLE),
]
UnitOption = Annotated[
    str | None,
    typer.Option(
        help="of numbers without one: deg, hour or rad",
        show_default="deg",
        rich_help_panel=_TABLE,
    ),
]
