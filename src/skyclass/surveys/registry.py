"""The surveys there are, by name: those of skyclass, of other packages, and one's own."""

from typing import Final

from skyclass.errors import SurveyError, nearest
from skyclass.plugins import add_entry, load_plugins
from skyclass.surveys.file_kinds import FileKind
from skyclass.surveys.legacysurveys.survey import LEGACY_SURVEYS
from skyclass.surveys.panstarrs.survey import PANSTARRS
from skyclass.surveys.sdss.survey import SDSS
from skyclass.surveys.survey import Survey

__all__ = [
    "file_kinds",
    "find_kind_survey",
    "get_file_kind",
    "get_survey",
    "register_survey",
    "surveys",
]

GROUP: Final = "skyclass.surveys"
"""Entry-point group; each entry names a `Survey`, or a function without parameters that returns
one."""

_surveys: dict[str, Survey] = {survey.name: survey for survey in (SDSS, PANSTARRS, LEGACY_SURVEYS)}


def register_survey(survey: Survey) -> Survey:
    """Add a survey, so that experiment files can name it.

    Parameters
    ----------
    survey
        Its name, and the names of its kinds of files, must be new.

    Returns
    -------
    Survey
        The same.

    Raises
    ------
    SurveyError
        If a name is taken.

    Examples
    --------
    The frames of SDSS under another name, without an archive to download from:

    >>> from dataclasses import replace
    >>> import skyclass
    >>> from skyclass.surveys.registry import get_survey
    >>> sdss = get_survey("sdss")
    >>> other = replace(sdss, name="sdss-copy", frames=None, pictures=())
    >>> skyclass.register_survey(other).name
    'sdss-copy'
    """
    _load_plugins()
    return _add(survey)


def get_survey(name: str) -> Survey:
    """Look up a survey by name.

    Parameters
    ----------
    name
        One of `surveys`.

    Returns
    -------
    Survey
        The survey.

    Raises
    ------
    SurveyError
        Where there is none of that name; the nearest one is named.

    Examples
    --------
    >>> get_survey("sdss").band_names
    ('u', 'g', 'r', 'i', 'z')
    """
    if name not in _surveys:
        _load_plugins()
    if name not in _surveys:
        raise SurveyError(
            f"survey {name!r} is unknown; did you mean {nearest(name, _surveys)!r}? (there are"
            f" {', '.join(_surveys)}; `register_survey` adds one)"
        )
    return _surveys[name]


def surveys() -> tuple[str, ...]:
    """List the names of all surveys."""
    _load_plugins()
    return tuple(_surveys)


def file_kinds() -> tuple[FileKind, ...]:
    """List the kinds of files that can be downloaded, of all surveys."""
    _load_plugins()
    return tuple(kind for survey in _surveys.values() for kind in survey.file_kinds)


def get_file_kind(name: str) -> FileKind:
    """Look up a kind of file by name.

    Parameters
    ----------
    name
        Of one of `file_kinds`.

    Returns
    -------
    FileKind
        How it is requested.

    Raises
    ------
    SurveyError
        Where there is none of that name; the nearest one is named.
    """
    kinds = {kind.name: kind for kind in file_kinds()}
    if name not in kinds:
        raise SurveyError(
            f"kind of file {name!r} is unknown; did you mean {nearest(name, kinds)!r}? (there are"
            f" {', '.join(kinds)})"
        )
    return kinds[name]


def find_kind_survey(kind: FileKind) -> Survey | None:
    """Find the survey whose archive has a kind of file.

    Parameters
    ----------
    kind
        Kind of file.

    Returns
    -------
    Survey or None
        None where the kind is of no registered survey.

    Examples
    --------
    >>> from skyclass.surveys.registry import find_kind_survey, get_file_kind
    >>> find_kind_survey(get_file_kind("ps1-fits")).name
    'panstarrs'
    """
    owners = (survey for survey in _surveys.values() if kind in survey.file_kinds)
    return next(owners, None)


def _add(survey: Survey) -> Survey:
    """Add a survey whose names are new."""
    if survey.name in _surveys:
        raise SurveyError(f"survey {survey.name!r} is registered already")
    known = {kind.name for other in _surveys.values() for kind in other.file_kinds}
    for kind in survey.file_kinds:
        if kind.name in known:
            raise SurveyError(
                f"survey {survey.name}: the kind of file {kind.name!r} is registered already"
            )
    add_entry(_surveys, survey.name, survey)
    return survey


def _load_plugins() -> None:
    """Add the surveys of installed packages."""
    load_plugins(GROUP, Survey, _add)
