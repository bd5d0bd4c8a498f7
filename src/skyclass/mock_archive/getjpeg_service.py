"""getjpeg: colour cutouts as SkyServer's image service makes them."""

import re
from dataclasses import replace
from typing import Final

from skyclass.mock_archive.image_encoding import colour, encoded, grey_jpeg
from skyclass.mock_archive.mosaic import Place, Sky
from skyclass.mock_archive.responses import Answer, Request, number
from skyclass.mock_archive.sqlsearch_service import error_answer

__all__ = ["Jpeg", "jpeg_place"]

_PATH: Final = re.compile(r"/dr\d{1,2}/SkyServerWS/ImgCutout/getjpeg", re.IGNORECASE)

_WEIGHTS: Final = (2.0, 2.6, 3.6)
"""Factors of i, r and g in the archive's pictures (5.0, 6.5, 9.0, all times 0.4)."""

_SCALE: Final = 0.396127
_SIDE: Final = 128
_SIDES: Final = (64, 2048)
_SCALES: Final = (0.015, 60.0)
_HEADERS: Final = {"Content-Type": "image/jpeg"}


class Jpeg:
    """The getjpeg service.

    Parameters
    ----------
    sky
        What pictures are taken of.
    """

    def __init__(self, sky: Sky) -> None:
        self._sky = sky

    def answer(self, request: Request) -> Answer | None:
        """Answer with a picture.

        Parameters
        ----------
        request
            Any request; of the drawing options ``I`` (inverted) is known.

        Returns
        -------
        Answer or None
            None where the path is none of this service.
        """
        if _PATH.fullmatch(request.path) is None:
            return None
        try:
            place = jpeg_place(request)
        except ValueError as error:
            return error_answer("json", str(error))
        image = self._sky.cut(place, "irg")
        if image is None:
            return Answer(404, grey_jpeg(place.width, place.height), _HEADERS)
        picture = colour(image, _WEIGHTS, place.scale)
        if "I" in request.query.get("opt", ""):
            picture = 255 - picture
        return Answer(200, encoded(picture, "JPEG", simulated=self._sky.simulated), _HEADERS)


def jpeg_place(request: Request) -> Place:
    """Read the place that a request asks a picture of.

    Parameters
    ----------
    request
        With the parameters `ra`, `dec`, `scale`, `width`, `height`.

    Returns
    -------
    Place
        Within the limits of the service.

    Raises
    ------
    ValueError
        Where a parameter is missing or beyond the limits.
    """
    width, height = (int(number(request, name, _SIDE)) for name in ("width", "height"))
    scale = number(request, "scale", _SCALE)
    place = Place(number(request, "ra"), number(request, "dec"), scale, width, height)
    if not (0 <= place.ra <= 360 and -90 <= place.dec <= 90):
        raise ValueError("ra must be in [0,360], dec must be in [-90,90]")
    if not _SCALES[0] <= scale <= _SCALES[1]:
        raise ValueError("scale must be in [0.015, 60.0]")
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in (width, height)):
        raise ValueError("height and width must be in [64,2048]")
    return replace(place, ra=place.ra % 360)
