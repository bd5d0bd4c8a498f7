"""Options of `download` on archives, frames and pictures."""

from typing import Annotated, Final

import typer

__all__ = [
    "BandsOption",
    "BaseUrlOption",
    "ConnectionsOption",
    "DrawingOption",
    "FormatOption",
    "HeightOption",
    "RateOption",
    "ReleaseOption",
    "RetriesOption",
    "RetryAbsentOption",
    "ScaleOption",
    "UnpackOption",
    "WhatOption",
    "WidthOption",
]

_ARCHIVE: Final = "Archive"
_FRAMES: Final = "frames"
_PICTURES: Final = "cutouts of objects"
_SDSS_JPEG: Final = "sdss-jpeg"
_PANSTARRS: Final = "ps1-jpeg and ps1-fits"

WhatOption = Annotated[
    list[str] | None,
    typer.Option(
        help="frames, sdss-jpeg, ps1-jpeg, ps1-fits or ls-fits; repeatable", show_default="frames"
    ),
]
BaseUrlOption = Annotated[
    str | None, typer.Option(help="https:// or file:// of a mirror", rich_help_panel=_ARCHIVE)
]
ConnectionsOption = Annotated[
    int, typer.Option(help="to one host", min=1, max=64, rich_help_panel=_ARCHIVE)
]
RateOption = Annotated[
    float,
    typer.Option(help="requests a second; 0: no limit", min=0, max=1e5, rich_help_panel=_ARCHIVE),
]
RetriesOption = Annotated[
    int, typer.Option(help="of each file", min=0, max=20, rich_help_panel=_ARCHIVE)
]
RetryAbsentOption = Annotated[
    bool,
    typer.Option(
        "--retry-absent",
        help="ask again for files that the archive did not have",
        rich_help_panel=_ARCHIVE,
    ),
]
ReleaseOption = Annotated[
    int, typer.Option(help="SDSS data release", min=8, max=19, rich_help_panel=_FRAMES)
]
UnpackOption = Annotated[
    bool, typer.Option("--unpack", help="keep them decompressed", rich_help_panel=_FRAMES)
]
WidthOption = Annotated[int | None, typer.Option(help="pixels", rich_help_panel=_PICTURES)]
HeightOption = Annotated[
    int | None, typer.Option(help="pixels", show_default="the width", rich_help_panel=_PICTURES)
]
ScaleOption = Annotated[
    float | None,
    typer.Option(help="arcsec per pixel", show_default="0.396", rich_help_panel=_SDSS_JPEG),
]
DrawingOption = Annotated[
    str, typer.Option(help="drawing options, such as GL", rich_help_panel=_SDSS_JPEG)
]
BandsOption = Annotated[str | None, typer.Option(help="such as gri", rich_help_panel=_PANSTARRS)]
FormatOption = Annotated[
    str, typer.Option(help="of ps1-jpeg: jpg or png", rich_help_panel=_PANSTARRS)
]
