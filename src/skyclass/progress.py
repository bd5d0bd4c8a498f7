"""The progress callback that every long-running function accepts, and the names of its stages."""

from enum import StrEnum
from typing import Protocol

__all__ = ["Progress", "Stage", "no_progress", "rename_stage"]


class Stage(StrEnum):
    """Names of the stages that skyclass reports; a progress callback receives one of them."""

    SIMULATION = "simulation"
    QUERY = "query"
    FRAME_KEYS = "frame keys"
    CATALOGUE = "catalogue"
    CHECKING_FRAMES = "checking frames"
    FILES = "files"
    FRAMES = "frames"
    PICTURES = "pictures"
    CUTOUTS = "cutouts"
    IMAGE_TYPES = "image types"
    FEATURES = "features"
    TRAINING = "training"
    TRIALS = "trials"
    EVALUATION = "evaluation"
    REPORT = "report"
    FIELDS = "fields"
    CELLS = "cells"


class Progress(Protocol):
    """Callback that receives how far a stage has come.

    Examples
    --------
    >>> def show(stage: str, done: int, total: int, detail: str = "") -> None:
    ...     print(f"{stage}: {done} of {total or 'unknown'} {detail}".rstrip())
    >>> show("cutouts", 3, 24)
    cutouts: 3 of 24
    """

    def __call__(self, stage: str, done: int, total: int, detail: str = "") -> None:
        """Take note of a step.

        Parameters
        ----------
        stage
            Name of the stage: one of `Stage`, or the name of a study's cell.
        done
            Steps that are complete.
        total
            Steps in all; 0 where their number is not known yet.
        detail
            Short text to be shown beside the count, such as the rate of a download.
        """


def no_progress(stage: str, done: int, total: int, detail: str = "") -> None:
    """Ignore a step; the default of every `progress` parameter."""


def rename_stage(progress: Progress, name: str) -> Progress:
    """Wrap a callback so that it receives another name of the stage.

    Parameters
    ----------
    progress
        Callback to pass the steps on to.
    name
        Name that it receives; ``{stage}`` in it stands for the stage's own.

    Returns
    -------
    Progress
        Callback with the new name.
    """

    def renamed(stage: str, done: int, total: int, detail: str = "") -> None:
        progress(name.replace("{stage}", stage), done, total, detail)

    return renamed
