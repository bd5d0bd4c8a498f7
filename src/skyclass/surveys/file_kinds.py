"""The kinds of files that can be downloaded, by name."""

from typing import Final

from skyclass.errors import SurveyError, nearest
from skyclass.surveys.panstarrs.requests import PS1_FITS, PS1_JPEG
from skyclass.surveys.request import Archive
from skyclass.surveys.sdss.frames import FRAMES
from skyclass.surveys.sdss.getjpeg import SDSS_JPEG

__all__ = ["ARCHIVES", "get_archive"]

ARCHIVES: Final = {archive.name: archive for archive in (FRAMES, SDSS_JPEG, PS1_JPEG, PS1_FITS)}
"""Each kind of file with how it is asked for; another survey is one more entry."""


def get_archive(name: str) -> Archive:
    """Look up a kind of file.

    Parameters
    ----------
    name
        One of `ARCHIVES`.

    Returns
    -------
    Archive
        How it is asked for.

    Raises
    ------
    SurveyError
        For an unknown name; the nearest known one is named.
    """
    if name not in ARCHIVES:
        raise SurveyError(
            f"unknown kind of file {name!r}; did you mean {nearest(name, ARCHIVES)!r}?"
            f" There are {', '.join(ARCHIVES)}"
        )
    return ARCHIVES[name]
