"""The outcome of a classification: the table, and what was left out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

__all__ = ["Classified"]


@dataclass(frozen=True, eq=False)
class Classified:
    """What became of the objects of one input, or of one unit of files."""

    table: pd.DataFrame
    """One row per object."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Number of detected sources that are not in the table, by reason."""
