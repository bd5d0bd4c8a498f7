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
from skyclass.surveys.request import Archive, Picture, Row, sharded
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import check_picture, read_decompressed, read_fits_headers

__all__ = ["PS1_FITS", "PS1_JPEG", "colour_requests", "fits_requests", "stack_files"]

PS1_BANDS: Final = "grizy"
"""Bands in the order of wavelength."""

PS1_PIXEL_SCALE: Final = 0.25
"""Arcsec per pixel of the stacks."""

DEFAULT_SIZE: Final = 240
"""Pixels a side, the service's own default: one arcmin."""

_HOST: Final = "https://ps1images.stsci.edu"
_LIMIT: Final = 64 * 2**20
_MOST_PIXELS: Final = 4000
_NAME = re.compile(r"/[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\.fits")


def stack_files(text: str) -> dict[str, str]:
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
        Where it is no such table.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines or not {"filter", "filename"} <= set(lines[0]):
        raise SurveyError(f"is no table of file names: {text.strip()[:60]!r}")
    found: dict[str, str] = {}
    for values in lines[1:]:
        if len(values) != len(lines[0]):
            raise SurveyError("is a table of file names with a broken row")
        row = dict(zip(lines[0], values, strict=True))
        if row.get("badflag", "0") != "0" or row.get("type", "stack") != "stack":
            continue
        if not _NAME.fullmatch(row["filename"]):
            raise SurveyError(f"names a file that cannot be: {row['filename'][:60]!r}")
        found.setdefault(row["filter"], row["filename"])
    return found


def colour_requests(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Give the colour cutout of one object.

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
    if len(set(bands)) != 3 or not set(bands) <= set(PS1_BANDS):
        raise SurveyError(f"a colour picture needs three of the bands {PS1_BANDS}, not {bands!r}")
    if picture.image_format not in {"jpg", "png"}:
        raise SurveyError(f"format {picture.image_format!r} is neither jpg nor png")
    size = _size(picture)
    reddest_first = "".join(sorted(bands, key=PS1_BANDS.index, reverse=True))
    folder = f"ps1-jpeg/{reddest_first}-{size}"
    kind: Literal["JPEG", "PNG"] = "JPEG" if picture.image_format == "jpg" else "PNG"
    return [
        FileRequest(
            kind="ps1-jpeg",
            path=sharded(folder, f"{name_object(row)}.{picture.image_format}"),
            base=survey.base_url or _HOST,
            source=_service(row, reddest_first),
            limit=_LIMIT,
            check=partial(check_picture, limit=_LIMIT, kind=kind, size=(size, size)),
            follow=partial(
                _cutout, bands=reddest_first, place=_place(row, size), form=picture.image_format
            ),
        )
    ]


def fits_requests(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Give the FITS cutouts of one object, a file a band.

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
        Where there are no such bands, or the size cannot be.
    """
    bands = picture.bands or PS1_BANDS
    if not set(bands) <= set(PS1_BANDS) or len(set(bands)) != len(bands):
        raise SurveyError(f"Pan-STARRS has the bands {PS1_BANDS}, not {bands!r}")
    size = _size(picture)
    return [
        FileRequest(
            kind="ps1-fits",
            path=sharded(f"ps1-fits/{size}", f"{name_object(row)}.{band}.fits"),
            base=survey.base_url or _HOST,
            source=_service(row, PS1_BANDS),
            limit=_LIMIT,
            check=partial(_check_fits, band=band, size=size),
            follow=partial(_cutout, bands=band, place=_place(row, size), form="fits"),
        )
        for band in bands
    ]


def _size(picture: Picture) -> int:
    """Give the side of a cutout."""
    size = picture.width or DEFAULT_SIZE
    if picture.height not in {None, size}:
        raise SurveyError("a Pan-STARRS cutout is square: leave the height out")
    if not 1 <= size <= _MOST_PIXELS:
        raise SurveyError(f"width {size} is not between 1 and {_MOST_PIXELS} pixels")
    return size


def _place(row: Row, size: int) -> str:
    """Write position and size for `fitscut`."""
    return f"ra={float(row['ra']):.7f}&dec={float(row['dec']):.7f}&size={size}"


def _service(row: Row, bands: str) -> str:
    """Give the path of the file-name service for a position."""
    place = {"ra": f"{float(row['ra']):.7f}", "dec": f"{float(row['dec']):.7f}", "filters": bands}
    return f"/cgi-bin/ps1filenames.py?{urlencode(place)}"


def _cutout(text: str, bands: str, place: str, form: str) -> str | None:
    """Make the path of a cutout from the service's answer; None where a band is absent."""
    found = stack_files(text)
    if not set(bands) <= set(found):
        return None
    files = [
        f"{colour}={quote(found[band])}"
        for colour, band in zip(("red", "green", "blue"), bands, strict=False)
    ]
    return f"/cgi-bin/fitscut.cgi?{place}&format={form}&{'&'.join(files)}"


def _check_fits(path: Path, band: str, size: int) -> None:
    """Refuse what is no whole FITS cutout of this band and size."""
    header = read_fits_headers(read_decompressed(path, _LIMIT))[0]
    if (header.get("NAXIS1"), header.get("NAXIS2")) != (size, size):
        raise SurveyError(f"has no image of {size}x{size} pixels")
    found = str(header.get("FPA.FILTERID", band))
    if found[:1] != band:
        raise SurveyError(f"is of the band {found[:8]!r}, not {band}")


PS1_JPEG: Final = Archive("ps1-jpeg", POSITION, colour_requests)
PS1_FITS: Final = Archive("ps1-fits", POSITION, fits_requests)
