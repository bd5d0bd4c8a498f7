"""Options of `classify` on when its answers can be trusted."""

from pathlib import Path
from typing import Annotated, Final

import typer

from skyclass.cli.parse_prior import parse_prior

__all__ = [
    "CalibrateOption",
    "CompletenessOption",
    "CoverageOption",
    "PriorOption",
    "PurityOption",
    "read_prior",
]

_TRUST: Final = "Trust"

CoverageOption = Annotated[
    float | None,
    typer.Option(
        help="share of objects whose prediction set contains their class",
        show_default="0.9",
        rich_help_panel=_TRUST,
    ),
]
PriorOption = Annotated[
    str | None,
    typer.Option(
        help="how frequent the classes are: star=0.7,galaxy=0.28,quasar=0.02",
        show_default="as among the training objects",
        rich_help_panel=_TRUST,
    ),
]
PurityOption = Annotated[
    float | None,
    typer.Option(help="select a sample of every class of this purity", rich_help_panel=_TRUST),
]
CompletenessOption = Annotated[
    float | None,
    typer.Option(
        help="select a sample of every class of this completeness", rich_help_panel=_TRUST
    ),
]
CalibrateOption = Annotated[
    Path | None,
    typer.Option(
        help="table of objects that this model classified, with their classes in a column label",
        show_default="those of the model",
        rich_help_panel=_TRUST,
    ),
]


def read_prior(text: str) -> dict[str, float]:
    """Read how frequent the classes are."""
    return parse_prior([word.strip() for word in text.split(",")])
