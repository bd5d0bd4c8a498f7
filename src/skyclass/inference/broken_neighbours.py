"""Do without the rows of a neighbouring field whose frame is broken."""

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path

from skyclass.errors import ImageError, SurveyError
from skyclass.frames.frame import Frame
from skyclass.surveys.survey import Survey, Unit

__all__ = ["skip_broken_neighbours"]

_log = logging.getLogger(__name__)


def skip_broken_neighbours(survey: Survey) -> Survey:
    """Make a survey whose frames are not extended by a neighbour's rows that cannot be read.

    Parameters
    ----------
    survey
        Survey whose `extend` raises where a neighbour's frame is broken.

    Returns
    -------
    Survey
        The same, but its `extend` leaves a frame as it is in this case, and logs why.
    """
    return survey if survey.extend is None else replace(survey, extend=partial(_extend, survey))


def _extend(survey: Survey, frame: Frame, root: Path, unit: Unit, before: int, after: int) -> Frame:
    """Extend a frame on each side where that is possible."""
    assert survey.extend is not None
    try:
        return survey.extend(frame, root, unit, before, after)
    except (SurveyError, ImageError) as error:
        _log.warning("rows next to %s are left blank: %s", unit, error)
    return frame
