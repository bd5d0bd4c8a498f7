"""The outcome of a classification: the table, and what was left out of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

__all__ = ["Classified", "join_classified"]


@dataclass(frozen=True, eq=False)
class Classified:
    """What became of the objects of one input, or of one unit of files."""

    table: pd.DataFrame
    """One row per object."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Number of detected sources that are not in the table, by reason."""


def join_classified(parts: Sequence[Classified]) -> Classified:
    """Join the outcomes of several units of files.

    Parameters
    ----------
    parts
        At least one.

    Returns
    -------
    Classified
        All rows in the order of the parts.

    Examples
    --------
    >>> part = Classified(pd.DataFrame({"ra": [1.0]}), {"off the frame in a band": 2})
    >>> dict(join_classified([part, part]).left_out)
    {'off the frame in a band': 4}
    """
    left_out: Counter[str] = Counter()
    for part in parts:
        left_out.update(part.left_out)
    return Classified(pd.concat([part.table for part in parts], ignore_index=True), left_out)
