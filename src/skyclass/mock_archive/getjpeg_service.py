"""Serve colour cutouts as SkyServer's getjpeg does."""

import re
from dataclasses import replace
from typing import Final

from skyclass.mock_archive.http_messages import Request, Response, parse_number
from skyclass.mock_archive.image_encoding import encode_picture, make_colour_picture, make_grey_jpeg
from skyclass.mock_archive.mosaic import Mosaic, SkyArea
from skyclass.mock_archive.sqlsearch_service import make_error_response

__all__ = ["GetJpegService", "parse_jpeg_area"]

_PATH: Final = re.compile(r"/dr\d{1,2}/SkyServerWS/ImgCutout/getjpeg", re.IGNORECASE)

_WEIGHTS: Final = (2.0, 2.6, 3.6)
"""Factors of i, r and g in the archive's pictures (5.0, 6.5, 9.0, all times 0.4)."""

_SCALE: Final = 0.396127
_SIDE: Final = 128
_SIDES: Final = (64, 2048)
_SCALES: Final = (0.015, 60.0)
_HEADERS: Final = {"Content-Type": "image/jpeg"}


class GetJpegService:
    """SkyServer's getjpeg.

    Parameters
    ----------
    mosaic
        Frames that pictures are made from.
    """

    def __init__(self, mosaic: Mosaic) -> None:
        self._mosaic = mosaic

    def answer(self, request: Request) -> Response | None:
        """Answer a request for a picture.

        Parameters
        ----------
        request
            Any request; ``I`` (inverted) is the only drawing option known.

        Returns
        -------
        Response or None
            None where the path belongs to another service.
        """
        if _PATH.fullmatch(request.path) is None:
            return None
        try:
            area = parse_jpeg_area(request)
        except ValueError as error:
            return make_error_response("json", str(error))
        image = self._mosaic.cut(area, "irg")
        if image is None:
            return Response(404, make_grey_jpeg(area.width, area.height), _HEADERS)
        picture = make_colour_picture(image, _WEIGHTS, area.scale)
        if "I" in request.query.get("opt", ""):
            picture = 255 - picture
        return Response(
            200, encode_picture(picture, "JPEG", simulated=self._mosaic.simulated), _HEADERS
        )


def parse_jpeg_area(request: Request) -> SkyArea:
    """Parse the area of the sky that a request asks for.

    Parameters
    ----------
    request
        With the parameters `ra`, `dec`, `scale`, `width`, `height`.

    Returns
    -------
    SkyArea
        Within the limits of the service.

    Raises
    ------
    ValueError
        Where a parameter is missing or exceeds the limits.
    """
    width, height = (int(parse_number(request, name, _SIDE)) for name in ("width", "height"))
    scale = parse_number(request, "scale", _SCALE)
    area = SkyArea(parse_number(request, "ra"), parse_number(request, "dec"), scale, width, height)
    if not (0 <= area.ra <= 360 and -90 <= area.dec <= 90):
        raise ValueError("ra must be in [0,360], dec must be in [-90,90]")
    if not _SCALES[0] <= scale <= _SCALES[1]:
        raise ValueError("scale must be in [0.015, 60.0]")
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in (width, height)):
        raise ValueError("height and width must be in [64,2048]")
    return replace(area, ra=area.ra % 360)
