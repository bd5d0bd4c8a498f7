"""Which of the sources detected in a field, or other unit of files, are to be classified there."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.surveys.survey import Survey, Unit

__all__ = ["OwnSources", "select_own"]


@dataclass(frozen=True, eq=False)
class OwnSources:
    """Sources of a unit, so that each source of the inputs is classified once."""

    sources: pd.DataFrame
    """Those that are classified, `n` rows."""
    lent: NDArray[np.bool_]
    """Which of them lie on rows of a neighbouring unit that is not among the inputs, `[n]`."""
    others: int
    """Number of sources that belong to no unit that is known, and are left out."""


def select_own(
    sources: pd.DataFrame, frame: Frame, unit: Unit, survey: Survey, inputs: Collection[Unit]
) -> OwnSources:
    """Select the sources that belong to a unit, or to a neighbour that is not among the inputs.

    Parameters
    ----------
    sources
        Detected in a frame, with `x` and `y`.
    frame
        The frame.
    unit
        Unit of the frame.
    survey
        Its survey.
    inputs
        Neighbours of the unit that are classified too, each with its own sources.

    Returns
    -------
    OwnSources
        In the order of `sources`.
    """
    everything = np.ones(len(sources), dtype=np.bool_)
    if survey.is_primary is None:
        return OwnSources(sources, ~everything, 0)
    primary = survey.is_primary(frame, sources)
    if survey.find_owners is None:
        return OwnSources(sources[primary], ~everything[primary], int((~primary).sum()))
    owners = survey.find_owners(unit, sources)
    kept = primary | np.array([owner not in inputs for owner in owners], dtype=np.bool_)
    foreign = np.array([owner != unit for owner in owners], dtype=np.bool_)
    return OwnSources(sources[kept], (foreign & ~primary)[kept], 0)
