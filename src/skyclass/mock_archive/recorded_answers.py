"""Answers of the real services, recorded, given again."""

import math
import re
from pathlib import Path
from typing import Final

from skyclass.errors import ArchiveError
from skyclass.mock_archive.getjpeg_service import jpeg_place
from skyclass.mock_archive.panstarrs_services import file_name_table
from skyclass.mock_archive.responses import Answer, Request, file_answer, number

__all__ = ["Replay"]

_PICTURE: Final = re.compile(
    r"getjpeg_ra=(?P<ra>[\d.]+)_dec=(?P<dec>-?[\d.]+)_scale=(?P<scale>[\d.]+)"
    r"_(?P<width>\d+)x(?P<height>\d+)\.jpg"
)
_SCHEMA: Final = re.compile(r"(?P<table>[A-Za-z]+)_dr\d+\.json")
_NAMES: Final = "ps1filenames*.txt"
_ASKS_SCHEMA: Final = re.compile(r"fDocColumns\('(?P<table>[A-Za-z]+)'\)")
_MAST: Final = re.compile(r"/api/v[\d.]+/panstarrs/dr\d/\w+(?P<columns>/metadata)?(\.json)?")
_MAST_FILES: Final = ("panstarrs.json", "panstarrs_columns.json")
_CROSS_FILES: Final = ("xid_im.txt", "xid_sp.txt")
_CLOSE: Final = 1e-5
"""Degrees within which a position is the recorded one; file names have five decimals."""


class Replay:
    """Recorded answers, each known by its file's name.

    ``getjpeg_ra=RA_dec=DEC_scale=S_WxH.jpg`` is a picture, ``TABLE_drN.json`` the description of a
    table's columns, ``xid_im.txt`` and ``xid_sp.txt`` are cross-identifications without and with
    spectra, ``panstarrs.json`` and ``panstarrs_columns.json`` are what MAST's catalogue service
    says to any search and of its columns, and the rows of ``ps1filenames*.txt`` are those of the
    file-name service.

    Parameters
    ----------
    folder
        Looked through with all its subfolders.

    Raises
    ------
    ArchiveError
        Where it holds no recorded answer.
    """

    def __init__(self, folder: Path) -> None:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        pictures = [(_PICTURE.fullmatch(path.name), path) for path in files]
        self._pictures = [
            (tuple(float(text) for text in match.groups()), path)
            for match, path in pictures
            if match is not None
        ]
        schemas = [(_SCHEMA.fullmatch(path.name), path) for path in files]
        self._schemas = {match["table"]: path for match, path in schemas if match is not None}
        self._cross = {path.name: path for path in files if path.name in _CROSS_FILES}
        self._mast = {path.name: path for path in files if path.name in _MAST_FILES}
        self._names = [
            line.split()
            for path in sorted(folder.rglob(_NAMES))
            for line in path.read_text(encoding="utf-8").splitlines()[1:]
            if len(line.split()) == 10
        ]
        if not (self._pictures or self._schemas or self._cross or self._names or self._mast):
            raise ArchiveError(f"{folder} holds no recorded answer; see docs/archive.md for names")

    def answer(self, request: Request) -> Answer | None:
        """Give a recorded answer.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Answer or None
            None where none was recorded for the request.
        """
        path = request.path.lower()
        try:
            if path.endswith("/imgcutout/getjpeg"):
                return self._picture(request)
            if path == "/cgi-bin/ps1filenames.py":
                return self._file_names(request)
        except ValueError:
            return None
        if (match := _MAST.fullmatch(path)) is not None:
            recorded = self._mast.get(_MAST_FILES[match["columns"] is not None])
            return file_answer(request, recorded, "application/json") if recorded else None
        if b'name="uquery"' in request.body:  # the form of a cross-identification
            recorded = self._cross.get(_CROSS_FILES[b"SpecObjAll" in request.body])
            return file_answer(request, recorded, "text/plain") if recorded else None
        match = _ASKS_SCHEMA.search(request.query.get("cmd", ""))
        schema = self._schemas.get(match["table"]) if match else None
        return file_answer(request, schema, "application/json") if schema else None

    def _picture(self, request: Request) -> Answer | None:
        """Give a recorded picture."""
        place = jpeg_place(request)
        wanted = (place.ra, place.dec, place.scale, place.width, place.height)
        for known, path in self._pictures:
            if all(math.isclose(a, b, abs_tol=_CLOSE) for a, b in zip(known, wanted, strict=True)):
                return file_answer(request, path, "image/jpeg")
        return None

    def _file_names(self, request: Request) -> Answer | None:
        """Give the recorded rows of a position."""
        wanted = number(request, "ra"), number(request, "dec")
        here = [
            row
            for row in self._names
            if all(
                math.isclose(float(a), b, abs_tol=_CLOSE)
                for a, b in zip(row[2:4], wanted, strict=True)
            )
        ]
        shown = [row for row in here if row[4] in request.query.get("filters", "grizy")]
        return file_name_table(" ".join(row) for row in shown) if here else None
