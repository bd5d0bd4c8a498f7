"""Find the survey and the units of files in directories of frames."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.files import AnyPath
from skyclass.inference.read_inputs import list_paths
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
        Directories with frames of one survey, or ``example``, as `list_paths` takes them.
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
    InferenceError
        If a directory does not exist.
    SurveyError
        If the directories hold no frames.
    """
    folders = list_paths(frames)
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
