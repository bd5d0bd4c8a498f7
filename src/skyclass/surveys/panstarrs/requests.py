"""Pan-STARRS1 cutouts: the file-name service, `fitscut`, and the check of one file.

https://outerspace.stsci.edu/display/PANSTARRS/PS1+Image+Cutout+Service
"""

import re
from functools import partial
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, urlencode

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.object_names import name_object
from skyclass.schema import POSITION
from skyclass.surveys.file_kinds import FileKind, Picture, Row, shard_path
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import check_picture, read_decompressed, read_fits_headers

__all__ = [
    "BANDS",
    "FOLDER",
    "PS1_FITS",
    "PS1_JPEG",
    "check_cutout",
    "make_cutout_path",
    "parse_stack_files",
    "request_colour_cutout",
    "request_fits_cutouts",
]

BANDS: Final = "grizy"
"""Bands in the order of wavelength."""

FOLDER: Final = "ps1-fits"
"""Of all FITS cutouts, below the directory of a download."""

DEFAULT_SIZE: Final = 240
"""Pixels a side, the service's own default: one arcmin."""

_HOST: Final = "https://ps1images.stsci.edu"
_LIMIT: Final = 64 * 2**20
_MOST_PIXELS: Final = 4000
_NAME = re.compile(r"/[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\.fits")


def parse_stack_files(text: str) -> dict[str, str]:
    """Read the answer of the file-name service.

    Parameters
    ----------
    text
        Table with a line of column names, one row a file.

    Returns
    -------
    dict
        For each band the archive's name of the first good stack; empty outside the footprint.

    Raises
    ------
    SurveyError
        Where it is not such a table.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines or not {"filter", "filename"} <= set(lines[0]):
        raise SurveyError(f"is not a table of file names: {text.strip()[:60]!r}")
    stacks: dict[str, str] = {}
    for values in lines[1:]:
        if len(values) != len(lines[0]):
            raise SurveyError("is a table of file names with a broken row")
        row = dict(zip(lines[0], values, strict=True))
        if row.get("badflag", "0") != "0" or row.get("type", "stack") != "stack":
            continue
        if not _NAME.fullmatch(row["filename"]):
            raise SurveyError(f"names an impossible file: {row['filename'][:60]!r}")
        stacks.setdefault(row["filter"], row["filename"])
    return stacks


def request_colour_cutout(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Build the request for the colour cutout of one object.

    Parameters
    ----------
    row
        With `ra` and `dec` in degrees, and the object's ids.
    survey
        Base URL.
    picture
        Width (pixels), three bands (the reddest is shown red), ``jpg`` or ``png``.

    Returns
    -------
    list of FileRequest
        One; absent where one of the three bands is.

    Raises
    ------
    SurveyError
        Where the service would not take these.
    """
    bands = picture.bands or "gri"
    if len(set(bands)) != 3 or not set(bands) <= set(BANDS):
        raise SurveyError(f"bands must be three of {BANDS} for a colour picture, got {bands!r}")
    if picture.image_format not in {"jpg", "png"}:
        raise SurveyError(f"image_format must be jpg or png, got {picture.image_format!r}")
    size = _check_size(picture)
    reddest_first = "".join(sorted(bands, key=BANDS.index, reverse=True))
    folder = f"ps1-jpeg/{reddest_first}-{size}"
    kind: Literal["JPEG", "PNG"] = "JPEG" if picture.image_format == "jpg" else "PNG"
    return [
        FileRequest(
            kind="ps1-jpeg",
            path=shard_path(folder, f"{name_object(row)}.{picture.image_format}"),
            base=survey.base_url or _HOST,
            source=_names_path(row, reddest_first),
            limit=_LIMIT,
            check=partial(check_picture, limit=_LIMIT, kind=kind, size=(size, size)),
            resolve=partial(
                _cutout_request,
                bands=reddest_first,
                place=_format_place(row, size),
                form=picture.image_format,
            ),
        )
    ]


def request_fits_cutouts(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Build the requests for the FITS cutouts of one object, a file a band.

    Parameters
    ----------
    row
        With `ra` and `dec` in degrees, and the object's ids.
    survey
        Base URL.
    picture
        Width (pixels) and bands.

    Returns
    -------
    list of FileRequest
        In the order of the bands.

    Raises
    ------
    SurveyError
        Where the bands or the size are none that the service has.
    """
    bands = picture.bands or BANDS
    if not set(bands) <= set(BANDS) or len(set(bands)) != len(bands):
        raise SurveyError(f"bands must be of {BANDS}, none twice, got {bands!r}")
    size = _check_size(picture)
    return [
        FileRequest(
            kind=FOLDER,
            path=make_cutout_path(name_object(row), band, size),
            base=survey.base_url or _HOST,
            source=_names_path(row, BANDS),
            limit=_LIMIT,
            check=partial(check_cutout, band=band, size=size),
            resolve=partial(
                _cutout_request, bands=band, place=_format_place(row, size), form="fits"
            ),
        )
        for band in bands
    ]


def _check_size(picture: Picture) -> int:
    """Return the side of a cutout, within the limits of the service."""
    size = picture.width or DEFAULT_SIZE
    if picture.height not in {None, size}:
        raise SurveyError(
            f"height must be the width, {size}, or left out: Pan-STARRS cutouts are square"
        )
    if not 1 <= size <= _MOST_PIXELS:
        raise SurveyError(f"width must be 1 to {_MOST_PIXELS} pixels, got {size}")
    return size


def _format_place(row: Row, size: int) -> str:
    """Format position and size for `fitscut`."""
    return f"ra={float(row['ra']):.7f}&dec={float(row['dec']):.7f}&size={size}"


def _names_path(row: Row, bands: str) -> str:
    """Build the path of the file-name service for a position."""
    place = {"ra": f"{float(row['ra']):.7f}", "dec": f"{float(row['dec']):.7f}", "filters": bands}
    return f"/cgi-bin/ps1filenames.py?{urlencode(place)}"


def _cutout_request(text: str, bands: str, place: str, form: str) -> str | None:
    """Build the path of a cutout from the service's answer; None where a band is absent."""
    stacks = parse_stack_files(text)
    if not set(bands) <= set(stacks):
        return None
    files = [
        f"{colour}={quote(stacks[band])}"
        for colour, band in zip(("red", "green", "blue"), bands, strict=False)
    ]
    return f"/cgi-bin/fitscut.cgi?{place}&format={form}&{'&'.join(files)}"


def check_cutout(path: Path, band: str, size: int | None = None) -> None:
    """Check that a file is one whole FITS cutout of a band.

    Parameters
    ----------
    path
        File.
    band
        What it should be.
    size
        Pixels a side that it should have; any square if None.

    Raises
    ------
    SurveyError
        Where it is not; the message continues a sentence that begins with the path.
    """
    header = read_fits_headers(read_decompressed(path, _LIMIT))[0]
    shape = header.get("NAXIS1"), header.get("NAXIS2")
    expected = size or shape[0]
    if expected is None or shape != (expected, expected):
        raise SurveyError(f"has no image of {size}x{size} pixels" if size else "has no image")
    stated = str(header.get("FPA.FILTERID", band))
    if stated[:1] != band:
        raise SurveyError(f"is of the band {stated[:8]!r}, not {band}")


def make_cutout_path(name: str, band: str, size: int) -> str:
    """Build the path of a FITS cutout below the directory of a download.

    Parameters
    ----------
    name
        Of the object.
    band
        One of `BANDS`.
    size
        Pixels a side.

    Returns
    -------
    str
        ``ps1-fits/SIZE/xyz/NAME.BAND.fits``.
    """
    return shard_path(f"{FOLDER}/{size}", f"{name}.{band}.fits")


PS1_JPEG: Final = FileKind("ps1-jpeg", POSITION, request_colour_cutout, default_width=DEFAULT_SIZE)
PS1_FITS: Final = FileKind(FOLDER, POSITION, request_fits_cutouts, default_width=DEFAULT_SIZE)
