"""Find the survey and the units of files in directories of frames."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey, surveys
from skyclass.surveys.survey import Survey, Unit

__all__ = ["find_frames"]


def find_frames(
    frames: AnyPath | Sequence[AnyPath], survey: str | None = None
) -> tuple[Survey, Mapping[Unit, Path]]:
    """Find the units of files in one or more directories.

    Parameters
    ----------
    frames
        Directories with frames of one survey.
    survey
        Its name; by default the first registered one whose files they hold.

    Returns
    -------
    survey
        The survey.
    units
        Each unit with the directory that `Survey.open_unit` takes for it.

    Raises
    ------
    SurveyError
        If the directories hold no frames.
    """
    listed = [frames] if isinstance(frames, str | os.PathLike) else frames
    folders = [Path(folder) for folder in listed]
    if survey is None:
        for name in (DEFAULT_SURVEY, *surveys()):
            known = get_survey(name)
            try:
                units = known.find_units(folders)
            except SurveyError:
                continue
            if units:
                return known, units
    known = get_survey(survey or DEFAULT_SURVEY)
    return known, known.find_units(folders)
