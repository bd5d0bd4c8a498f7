"""Options of `classify` that say what its inputs do not."""

from typing import Annotated, Final

import typer

__all__ = [
    "AtOption",
    "BaseUrlOption",
    "DecOption",
    "InputBandsOption",
    "PixelScaleOption",
    "RaOption",
    "RadiusOption",
    "UnitOption",
]

_TABLE: Final = "Tables and arrays"
_PLACE: Final = "Place"

AtOption = Annotated[
    str | None,
    typer.Option(
        help="position ('214.07 19.90', '14:16:16 +19:54:00') or name ('M 13') to classify around,"
        " in place of inputs",
        rich_help_panel=_PLACE,
    ),
]
RadiusOption = Annotated[
    str | None,
    typer.Option(
        help="arcmin, or with a unit ('30 arcsec')",
        show_default="1",
        rich_help_panel=_PLACE,
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(
        help="https:// of a mirror to download frames from; without --frames into the cache",
        show_default="the survey's archive",
        rich_help_panel=_PLACE,
    ),
]
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
        help="of positions: deg, hour or rad; of fluxes of an array: nanomaggy, nJy, ...",
        show_default="deg, nanomaggy",
        rich_help_panel=_TABLE,
    ),
]
InputBandsOption = Annotated[
    str | None,
    typer.Option(
        "--bands",
        help="of an array, in order, such as griz",
        show_default="the survey's",
        rich_help_panel=_TABLE,
    ),
]
PixelScaleOption = Annotated[
    float | None,
    typer.Option(
        help="of an array, arcsec per pixel",
        show_default="the survey's",
        rich_help_panel=_TABLE,
    ),
]
