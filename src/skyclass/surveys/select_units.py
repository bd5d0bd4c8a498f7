"""Select the units of files that directories and single frames name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skyclass.errors import SurveyError
from skyclass.surveys.registry import get_survey, surveys
from skyclass.surveys.survey import Survey, Unit

__all__ = ["select_units"]


def select_units(paths: Sequence[Path], survey: Survey) -> Mapping[Unit, Path]:
    """Select the units of files of a survey that directories and single frames name.

    Parameters
    ----------
    paths
        Directories, whose units are all selected, and frames, each of which selects its unit.
    survey
        Survey of the frames.

    Returns
    -------
    dict
        Each unit with the directory that `Survey.open_unit` takes for it.

    Raises
    ------
    SurveyError
        If a path holds no frame of this survey; other surveys whose files it holds are named.
    """
    units: dict[Unit, Path] = {}
    files = [path for path in paths if path.is_file()]
    for folder in dict.fromkeys(path for path in paths if not path.is_file()):
        units |= _find_units(folder, survey)
    for folder in dict.fromkeys(path.parent for path in files):
        named = {path.resolve() for path in files if path.parent == folder}
        units |= _find_units_of_files(folder, named, survey)
    return dict(sorted(units.items()))


def _find_units(folder: Path, survey: Survey) -> Mapping[Unit, Path]:
    """Find the units below a directory; say whose files it holds where it has none."""
    try:
        return survey.find_units([folder])
    except SurveyError as error:
        others = [name for name in surveys() if name != survey.name and _holds(folder, name)]
        if not others:
            raise
        raise SurveyError(
            f"{folder} holds files of {', '.join(others)}, not of {survey.name}; use a model of"
            f" {others[0]}"
        ) from error


def _holds(folder: Path, survey: str) -> bool:
    """Check whether a directory holds files of a survey."""
    try:
        return bool(get_survey(survey).find_units([folder]))
    except SurveyError:
        return False


def _find_units_of_files(folder: Path, files: set[Path], survey: Survey) -> dict[Unit, Path]:
    """Find the units that frames of one directory are of; each frame must be of one."""
    if survey.list_files is None:
        raise SurveyError(
            f"survey {survey.name} does not tell whose frame a file is; name the directory {folder}"
        )
    units, left = {}, set(files)
    for unit, root in _find_units(folder, survey).items():
        own = {file.path.resolve() for file in survey.list_files(root, unit)} & files
        if own:
            units[unit] = root
            left -= own
    if left:
        raise SurveyError(f"{min(left)} is no frame of survey {survey.name} by its name")
    return units
