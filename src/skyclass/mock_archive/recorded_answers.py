"""Replay recorded answers of the real services."""

import math
import re
from pathlib import Path
from typing import Final

from skyclass.errors import ArchiveError
from skyclass.mock_archive.getjpeg_service import parse_jpeg_area
from skyclass.mock_archive.http_messages import Request, Response, make_file_response, parse_number
from skyclass.mock_archive.panstarrs_services import make_file_names_response

__all__ = ["RecordedAnswers"]

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
"""Degrees within which positions agree; file names have five decimals."""


class RecordedAnswers:
    """Recorded answers, each identified by the name of its file.

    ``getjpeg_ra=RA_dec=DEC_scale=S_WxH.jpg`` is a picture, ``TABLE_drN.json`` the description of a
    table's columns, ``xid_im.txt`` and ``xid_sp.txt`` are cross-identifications without and with
    spectra, ``panstarrs.json`` and ``panstarrs_columns.json`` are the answers of MAST's
    catalogue service to any search and about its columns, and the rows of ``ps1filenames*.txt`` are
    those of the file-name service.

    Parameters
    ----------
    folder
        Searched with all its subfolders.

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

    def answer(self, request: Request) -> Response | None:
        """Answer a request with a recording.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Response or None
            None where there is no recording for the request.
        """
        path = request.path.lower()
        try:
            if path.endswith("/imgcutout/getjpeg"):
                return self._find_picture(request)
            if path == "/cgi-bin/ps1filenames.py":
                return self._find_file_names(request)
        except ValueError:
            return None
        if (match := _MAST.fullmatch(path)) is not None:
            recorded = self._mast.get(_MAST_FILES[match["columns"] is not None])
            return make_file_response(request, recorded, "application/json") if recorded else None
        if b'name="uquery"' in request.body:  # the form of a cross-identification
            recorded = self._cross.get(_CROSS_FILES[b"SpecObjAll" in request.body])
            return make_file_response(request, recorded, "text/plain") if recorded else None
        match = _ASKS_SCHEMA.search(request.query.get("cmd", ""))
        schema = self._schemas.get(match["table"]) if match else None
        return make_file_response(request, schema, "application/json") if schema else None

    def _find_picture(self, request: Request) -> Response | None:
        """Look up a recorded picture."""
        area = parse_jpeg_area(request)
        wanted = (area.ra, area.dec, area.scale, area.width, area.height)
        for known, path in self._pictures:
            if all(math.isclose(a, b, abs_tol=_CLOSE) for a, b in zip(known, wanted, strict=True)):
                return make_file_response(request, path, "image/jpeg")
        return None

    def _find_file_names(self, request: Request) -> Response | None:
        """Look up the recorded rows of a position."""
        wanted = parse_number(request, "ra"), parse_number(request, "dec")
        here = [
            row
            for row in self._names
            if all(
                math.isclose(float(a), b, abs_tol=_CLOSE)
                for a, b in zip(row[2:4], wanted, strict=True)
            )
        ]
        shown = [row for row in here if row[4] in request.query.get("filters", "grizy")]
        return make_file_names_response(" ".join(row) for row in shown) if here else None
