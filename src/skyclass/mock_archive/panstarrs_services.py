"""Serve Pan-STARRS1's file names and `fitscut` cutouts, made from SDSS frames.

https://outerspace.stsci.edu/display/PANSTARRS/PS1+Image+Cutout+Service
"""

import io
import re
from collections.abc import Iterable
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.frames.simulated import SIMULATED
from skyclass.mock_archive.http_messages import Request, Response, make_text_response, parse_number
from skyclass.mock_archive.image_encoding import encode_picture, make_colour_picture
from skyclass.mock_archive.mosaic import Mosaic, SkyArea
from skyclass.photometry import ZERO_POINT

__all__ = ["PanStarrsServices", "make_file_names_response"]

_NAMES: Final = "/cgi-bin/ps1filenames.py"
_CUTOUT: Final = "/cgi-bin/fitscut.cgi"
_FILE: Final = re.compile(
    r"/rings\.v3\.skycell/(\d{4})/(\d{3})/rings\.v3\.skycell\.\1\.\2\.stk\.([grizy])\.unconv\.fits"
)
_COLUMNS: Final = "projcell subcell ra dec filter mjd type filename shortname badflag"

_SHOWN: Final = {"g": "g", "r": "r", "i": "i", "z": "z", "y": "z"}
"""SDSS band that stands for each band of Pan-STARRS: SDSS has no y."""

_SCALE: Final = 0.25
"""Arcsec per pixel of the stacks."""

_SIDE: Final = 240
_MOST_PIXELS: Final = 4000
_WEIGHT: Final = 2.6
_RING_DEGREES: Final = 4.0


class PanStarrsServices:
    """The file-name service and `fitscut`.

    Parameters
    ----------
    mosaic
        Frames that cutouts are made from.
    """

    def __init__(self, mosaic: Mosaic) -> None:
        self._mosaic = mosaic

    def answer(self, request: Request) -> Response | None:
        """Answer a request for file names or for a cutout.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Response or None
            None where the path belongs to another service.
        """
        try:
            if request.path == _NAMES:
                return self._list_names(request)
            if request.path == _CUTOUT:
                return self._cut_out(request)
        except ValueError as error:
            return make_text_response(400, f"{error}\n")
        return None

    def _list_names(self, request: Request) -> Response:
        """List the stacks at a position: all bands, or none outside the footprint."""
        area = _parse_area(request, 1)
        wanted = [band for band in _SHOWN if band in request.query.get("filters", "grizy")]
        if self._mosaic.cut(area, "r") is None:
            wanted = []
        where = f"{request.query['ra']} {request.query['dec']}"
        return make_file_names_response(
            f"{cell} {subcell} {where} {band} 0.0 stack {path} {path.rpartition('/')[2]} 0"
            for band in wanted
            for cell, subcell, path in [_make_file_name(area, band)]
        )

    def _cut_out(self, request: Request) -> Response:
        """Cut an image out of the named stacks."""
        area = _parse_area(request, int(parse_number(request, "size", _SIDE)))
        form = request.query.get("format", "jpg")
        bands = [
            _parse_band(request.query[c]) for c in ("red", "green", "blue") if c in request.query
        ]
        if form not in {"jpg", "png", "fits"}:
            raise ValueError("format must be one of jpg, png, fits")
        if len(bands) not in {1, 3} or (form == "fits" and len(bands) != 1):
            raise ValueError(
                "one band needs the parameter red, a colour picture red, green and blue"
            )
        image = self._mosaic.cut(area, "".join(_SHOWN[band] for band in bands))
        if image is None:
            return make_text_response(404, "no image at this position\n")
        if form == "fits":
            content = _encode_fits(image[0], area, bands[0], simulated=self._mosaic.simulated)
            return Response(200, content, {"Content-Type": "image/fits"})
        picture = make_colour_picture(
            image if len(bands) == 3 else image.repeat(3, 0), (_WEIGHT,) * 3, _SCALE
        )
        kind = "JPEG" if form == "jpg" else "PNG"
        content = encode_picture(picture, kind, simulated=self._mosaic.simulated)
        return Response(200, content, {"Content-Type": f"image/{kind.lower()}"})


def make_file_names_response(rows: Iterable[str]) -> Response:
    """Make a response of a table of file names.

    Parameters
    ----------
    rows
        Lines of ten words each.

    Returns
    -------
    Response
        The table below its line of column names.
    """
    return make_text_response(200, "\n".join([_COLUMNS, *rows]) + "\n")


def _parse_area(request: Request, size: int) -> SkyArea:
    """Parse the area of the sky that a request is about."""
    ra, dec = parse_number(request, "ra"), parse_number(request, "dec")
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise ValueError("ra must be in [0,360], dec must be in [-90,90]")
    if not 1 <= size <= _MOST_PIXELS:
        raise ValueError(f"size must be in [1,{_MOST_PIXELS}]")
    return SkyArea(ra % 360, dec, _SCALE, size, size)


def _make_file_name(area: SkyArea, band: str) -> tuple[int, int, str]:
    """Make projection cell, skycell and file name of a stack.

    The cells are squares of 4 degrees here, not those of the real tessellation.
    """
    cell = 1000 + int((area.dec + 90) / _RING_DEGREES) * 90 + int(area.ra / _RING_DEGREES)
    subcell = int(area.ra * 10) % 10 * 10 + int((area.dec + 90) * 10) % 10
    folder = f"{cell:04d}/{subcell:03d}"
    name = f"rings.v3.skycell.{cell:04d}.{subcell:03d}.stk.{band}.unconv.fits"
    return cell, subcell, f"/rings.v3.skycell/{folder}/{name}"


def _parse_band(name: str) -> str:
    """Parse the band in the name of a stack."""
    match = _FILE.fullmatch(name)
    if match is None:
        raise ValueError(f"there is no stack {name[:100]!r}")
    return match[3]


def _encode_fits(image: NDArray[np.float32], area: SkyArea, band: str, *, simulated: bool) -> bytes:
    """Encode a cutout as FITS; one unit is a nanomaggy, of magnitude 22.5."""
    header = area.wcs.to_header()
    header["HIERARCH FPA.FILTERID"] = f"{band}.00000"
    header["HIERARCH FPA.ZP"] = ZERO_POINT
    header["EXPTIME"] = 1.0
    header["BUNIT"] = "nanomaggy"
    header["HISTORY"] = f"made by skyclass from SDSS frames in {_SHOWN[band]}, not a PS1 stack"
    if band == "y":
        header["HISTORY"] = "SDSS has no y: the z frames stand in for it"
    if simulated:
        header["HISTORY"] = SIMULATED
    stream = io.BytesIO()
    fits.PrimaryHDU(image, header).writeto(stream)
    return stream.getvalue()
