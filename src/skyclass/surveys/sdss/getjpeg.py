"""SDSS colour cutouts of SkyServer's `getjpeg`: addresses, names, and the check of one picture.

https://skyserver.sdss.org/dr17/help/docs/api.aspx#imgcutout
"""

import re
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.object_names import name_object
from skyclass.schema import POSITION
from skyclass.surveys.file_kinds import FileKind, Picture, Row, shard_path
from skyclass.surveys.sdss.layout import PIXEL_SCALE
from skyclass.surveys.sdss.skyserver import HOST, says_too_many_queries
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import check_picture

__all__ = ["SDSS_JPEG", "request_jpeg"]

JPEG_LIMIT: Final = 16 * 2**20
"""Most bytes of a cutout: 2048 x 2048 pixels need less."""

DEFAULT_SIZE: Final = 64
"""Pixels a side, as of a cutout of the frames."""

_SIZES: Final = (64, 2048)
_SCALES: Final = (0.015, 60.0)


def request_jpeg(row: Row, survey: SurveyConfig, picture: Picture) -> list[FileRequest]:
    """Build the request for the colour cutout of one object.

    Parameters
    ----------
    row
        With `ra` and `dec` in degrees, and the object's ids.
    survey
        Release and base URL.
    picture
        Scale (arcsec per pixel), width and height (pixels), drawing options.

    Returns
    -------
    list of FileRequest
        One.

    Raises
    ------
    SurveyError
        Where the service would not take these.
    """
    width = picture.width or DEFAULT_SIZE
    height = picture.height or width
    scale = PIXEL_SCALE if picture.scale is None else picture.scale
    _check_picture(picture, scale, width, height)
    place = {
        "ra": f"{float(row['ra']):.7f}",
        "dec": f"{float(row['dec']):.7f}",
        "scale": f"{scale:g}",
        "width": width,
        "height": height,
        "opt": picture.opt,
    }
    drawn = f"-{picture.opt}" if picture.opt else ""
    folder = f"sdss-jpeg/dr{survey.release}-{scale:g}-{width}x{height}{drawn}"
    return [
        FileRequest(
            kind="sdss-jpeg",
            path=shard_path(folder, f"{name_object(row)}.jpg"),
            base=survey.base_url or HOST,
            source=f"/dr{survey.release}/SkyServerWS/ImgCutout/getjpeg?{urlencode(place)}",
            limit=JPEG_LIMIT,
            check=partial(_check, size=(width, height)),
            recognise_overload=says_too_many_queries,
        )
    ]


def _check_picture(picture: Picture, scale: float, width: int, height: int) -> None:
    """Check options that the service would answer with an error or silently change."""
    for name, value in (("width", width), ("height", height)):
        if not _SIZES[0] <= value <= _SIZES[1]:
            raise SurveyError(f"{name} must be {_SIZES[0]} to {_SIZES[1]} pixels, got {value}")
    if not _SCALES[0] <= scale <= _SCALES[1]:
        raise SurveyError(
            f"scale must be {_SCALES[0]:g} to {_SCALES[1]:g} arcsec per pixel, got {scale:g}"
        )
    if not re.fullmatch(r"[A-Za-z]{0,16}", picture.opt):
        raise SurveyError(f"opt must be up to 16 letters, got {picture.opt[:20]!r}")


def _check(path: Path, size: tuple[int, int]) -> None:
    """Check that a file is one whole JPEG of the size asked for."""
    check_picture(path, JPEG_LIMIT, "JPEG", size)


SDSS_JPEG: Final = FileKind("sdss-jpeg", POSITION, request_jpeg)
