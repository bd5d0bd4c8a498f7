"""Find the survey and the units of files in directories of frames."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skyclass.errors import InferenceError, SurveyError
from skyclass.files import AnyPath
from skyclass.inference.read_inputs import list_paths
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey, surveys
from skyclass.surveys.select_units import select_units
from skyclass.surveys.survey import Survey, Unit

__all__ = ["check_one_field", "find_frames"]


def find_frames(
    frames: AnyPath | Sequence[AnyPath], survey: str | None = None
) -> tuple[Survey, Mapping[Unit, Path]]:
    """Find the units of files in one or more directories.

    Parameters
    ----------
    frames
        Directories with frames of one survey, single frames, or ``example``, as `list_paths` takes
        them.
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
                units = select_units(folders, known)
            except SurveyError:
                continue
            if units:
                return known, units
    known = get_survey(survey or DEFAULT_SURVEY)
    return known, select_units(folders, known)


def check_one_field(inputs: AnyPath | Sequence[AnyPath]) -> None:
    """Check before any work that what is to be classified can be drawn: that it is one field.

    Parameters
    ----------
    inputs
        What `skyclass.classify` is to take, without a table of positions.

    Raises
    ------
    InferenceError
        If these are no frames, or those of several fields.
    """
    try:
        _, units = find_frames(inputs)
    except SurveyError as error:
        raise InferenceError(
            f"{list_paths(inputs)[0]} holds no frames, and a picture is drawn of frames; leave out"
            " the picture"
        ) from error
    if len(units) > 1:
        raise InferenceError(
            f"the frames are of {len(units)} fields ({next(iter(units))}, ...); a picture shows one"
            " field: name its directory or frames only"
        )
