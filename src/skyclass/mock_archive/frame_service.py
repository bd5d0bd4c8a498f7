"""Serve frame files under the paths of the Science Archive Server."""

import re
from pathlib import Path
from typing import Final

from skyclass.errors import SurveyError
from skyclass.mock_archive.http_messages import Request, Response, make_file_response
from skyclass.surveys.sdss.layout import Field, make_frame_path

__all__ = ["FrameService", "get_photo_root"]

_PATH: Final = re.compile(
    r"/sas/dr(?P<release>\d{1,2})/(?P<root>[a-z0-9/-]{1,60})/photoObj/frames"
    r"/(?P<rerun>[1-9]\d{0,3})/(?P<run>[1-9]\d{0,5})/(?P<camcol>[1-6])"
    r"/frame-(?P<band>[ugriz])-(?P<padded>\d{6})-(?P<again>[1-6])-(?P<field>\d{4})\.fits\.bz2"
)


def get_photo_root(release: int) -> str | None:
    """Look up the folder of a data release that holds ``photoObj``.

    Parameters
    ----------
    release
        Data release, 8 for DR8.

    Returns
    -------
    str or None
        Path below ``/sas/drN/`` (https://www.sdss.org/dr18/data_access/), or None where the
        release has no corrected frames.
    """
    if release == 8:
        return "groups/boss"
    if 9 <= release <= 12:
        return "boss"
    if 13 <= release <= 17:
        return "eboss"
    if 18 <= release <= 19:
        return "prior-surveys/sdss4-dr17-eboss"
    return None


class FrameService:
    """Serves the frames of a directory.

    A path is parsed into field and band, from which the file's name is made anew, so nothing that a
    client writes becomes part of a path on disk.
    """

    def __init__(self, folders: dict[Field, Path]) -> None:
        self._folders = folders

    def answer(self, request: Request) -> Response | None:
        """Answer a request for a frame.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Response or None
            The file, whole or in part; None where the path names no frame of the directory.
        """
        match = _PATH.fullmatch(request.path)
        if match is None or request.method not in {"GET", "HEAD"}:
            return None
        if match["root"] != get_photo_root(int(match["release"])):
            return None
        if int(match["padded"]) != int(match["run"]) or match["again"] != match["camcol"]:
            return None
        keys = (int(match[name]) for name in ("rerun", "run", "camcol", "field"))
        try:
            field = Field(*keys)
        except SurveyError:
            return None
        folder = self._folders.get(field)
        path = folder / make_frame_path(field, match["band"]).name if folder else None
        if path is None or not path.is_file():
            return None
        return make_file_response(request, path, "application/x-bzip2")
