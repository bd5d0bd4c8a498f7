"""Cutouts of Legacy Surveys DR10: the viewer's cutout service, and the check of one file.

https://www.legacysurvey.org/dr10/description/#obtaining-images-and-raw-data describes the service;
what its files hold is what the viewer's source writes (https://github.com/legacysurvey/imagine,
``write_cutout`` in map/views.py).
"""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits

from skyclass.config.sections import SurveyConfig
from skyclass.errors import ImageError, SurveyError
from skyclass.frames.frame import read_wcs
from skyclass.object_names import name_object
from skyclass.schema import POSITION
from skyclass.surveys.file_kinds import FileKind, Picture, Row, shard_path
from skyclass.surveys.legacysurveys.cutout_pixels import BANDS, CutoutPixels, decode_cutout
from skyclass.transfer.errors import NotFoundError
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import CARD_ERRORS, read_decompressed

__all__ = [
    "FOLDER",
    "LAYER",
    "LS_FITS",
    "MOST_PIXELS",
    "PIXEL_SCALE",
    "check_cutout",
    "find_lacking_bands",
    "make_cutout_path",
    "request_cutout",
]

PIXEL_SCALE: Final = 0.262
"""Arcsec per pixel of the image stacks; at this scale pixels are in nanomaggies as they are."""

LAYER: Final = "ls-dr10"
"""Of the viewer: DECam south of declination +32.375, and the images of DR9, which have no i, north
of it."""

MOST_PIXELS: Final = 512
"""Most pixels a side that the service promises; it answers larger requests with fewer pixels."""

FOLDER: Final = "ls-fits"
"""Of all cutouts, below the directory of a download."""

DEFAULT_SIZE: Final = 256
"""Pixels a side, the service's own default: 67 arcsec."""

_HOST: Final = "https://www.legacysurvey.org"
_LIMIT: Final = 16 * 2**20
_ELSEWHERE: Final = 0.5
"""Pixels by which the centre of a cutout may lie off the position that was asked for."""


def request_cutout(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Build the request for the cutout of one object: all bands, with their inverse variance.

    Parameters
    ----------
    row
        With `ra` and `dec` in degrees, and the object's ids.
    survey
        Base URL.
    picture
        Width (pixels).

    Returns
    -------
    list of FileRequest
        One; absent where the archive has no image in any band.

    Raises
    ------
    SurveyError
        Where the service would not take these.
    """
    size = picture.width or DEFAULT_SIZE
    if picture.height not in {None, size}:
        raise SurveyError(
            f"height must be the width, {size}, or left out: Legacy Surveys cutouts are square"
        )
    if not 1 <= size <= MOST_PIXELS:
        raise SurveyError(f"width must be 1 to {MOST_PIXELS} pixels, got {size}")
    if (picture.bands or BANDS) != BANDS:
        raise SurveyError(
            f"bands must be {BANDS} or left out: one file holds all, got {picture.bands!r}"
        )
    ra, dec = float(row["ra"]), float(row["dec"])
    place = f"ra={ra:.7f}&dec={dec:.7f}&size={size}"
    options = f"layer={LAYER}&pixscale={PIXEL_SCALE}&bands={BANDS}&invvar"
    return [
        FileRequest(
            kind=FOLDER,
            path=make_cutout_path(name_object(row), size),
            base=survey.base_url or _HOST,
            source=f"/viewer/cutout.fits?{place}&{options}",
            limit=_LIMIT,
            check=partial(_check_answer, size=size, position=(ra, dec)),
        )
    ]


def make_cutout_path(name: str, size: int) -> str:
    """Build the path of a cutout below the directory of a download.

    Parameters
    ----------
    name
        Of the object.
    size
        Pixels a side.

    Returns
    -------
    str
        ``ls-fits/SIZE/xyz/NAME.fits``.
    """
    return shard_path(f"{FOLDER}/{size}", f"{name}.fits")


def check_cutout(path: Path, size: int | None = None) -> None:
    """Check that a file is one whole cutout.

    Parameters
    ----------
    path
        File.
    size
        Pixels a side that it should have; any square if None.

    Raises
    ------
    SurveyError
        Where it is not; the message continues a sentence that begins with the path.
    """
    _decode(path, size)


def find_lacking_bands(path: Path) -> str:
    """Find the bands that a whole cutout has no image in.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    str
        Some of `BANDS`; empty where it has all.
    """
    images = _decode(path, None).images
    return "".join(band for band in BANDS if band not in images)


def _decode(path: Path, size: int | None) -> CutoutPixels:
    """Decode a cutout, and check all that opening it reads."""
    cutout = decode_cutout(read_decompressed(path, _LIMIT))
    try:
        shape = cutout.plane["NAXIS1"], cutout.plane["NAXIS2"]
        read_wcs(path, cutout.plane)
    except CARD_ERRORS as error:
        raise SurveyError(f"has a broken FITS header: {error!s:.100}") from error
    except ImageError as error:
        raise SurveyError(str(error).removeprefix(f"{path} ")) from error
    expected = size or shape[0]
    if shape != (expected, expected):
        raise SurveyError(f"has no image of {expected}x{expected} pixels")
    return cutout


def _check_answer(path: Path, size: int, position: tuple[float, float]) -> None:
    """Check that an answer is the cutout that was asked for, with an image in some band."""
    cutout = _decode(path, size)
    if cutout.bands != BANDS:
        raise SurveyError(f"has the bands {cutout.bands}, not {BANDS}")
    _check_centre(cutout.plane, position)
    if not cutout.images:
        raise NotFoundError("no image at this position")


def _check_centre(header: fits.Header, position: tuple[float, float]) -> None:
    """Check that a cutout is centred on the position that was asked for."""
    try:
        ra, dec = (float(header[f"CRVAL{axis}"]) for axis in (1, 2))
    except CARD_ERRORS as error:
        raise SurveyError(f"has a broken FITS header: {error!s:.100}") from error
    east = (ra - position[0] + 180.0) % 360.0 - 180.0
    away = np.hypot(east * np.cos(np.radians(dec)), dec - position[1]) * 3600.0
    if not away <= _ELSEWHERE * PIXEL_SCALE:
        raise SurveyError(
            f"is a cutout at ra {ra:.5f}, dec {dec:.5f}, not at {position[0]:.5f},"
            f" {position[1]:.5f}"
        )


LS_FITS: Final = FileKind(
    FOLDER,
    POSITION,
    request_cutout,
    typical_bytes=2.1e6,
    default_width=DEFAULT_SIZE,
    find_lacking_bands=find_lacking_bands,
)
