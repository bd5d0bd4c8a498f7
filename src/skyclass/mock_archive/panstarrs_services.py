"""Pan-STARRS1: the file-name service and `fitscut`, answered from SDSS frames.

https://outerspace.stsci.edu/display/PANSTARRS/PS1+Image+Cutout+Service
"""

import io
import re
from collections.abc import Iterable
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.mock_archive.image_encoding import colour, encoded
from skyclass.mock_archive.mosaic import Place, Sky
from skyclass.mock_archive.responses import Answer, Request, number, text_answer
from skyclass.photometry import ZERO_POINT

__all__ = ["PanStarrs", "file_name_table"]

_NAMES: Final = "/cgi-bin/ps1filenames.py"
_CUTOUT: Final = "/cgi-bin/fitscut.cgi"
_FILE: Final = re.compile(
    r"/rings\.v3\.skycell/(\d{4})/(\d{3})/rings\.v3\.skycell\.\1\.\2\.stk\.([grizy])\.unconv\.fits"
)
_COLUMNS: Final = "projcell subcell ra dec filter mjd type filename shortname badflag"

_SHOWN: Final = {"g": "g", "r": "r", "i": "i", "z": "z", "y": "z"}
"""SDSS band that is shown for each band of Pan-STARRS: SDSS has no y."""

_SCALE: Final = 0.25
"""Arcsec per pixel of the stacks."""

_SIDE: Final = 240
_MOST_PIXELS: Final = 4000
_WEIGHT: Final = 2.6
_RING_DEGREES: Final = 4.0


class PanStarrs:
    """The two services.

    Parameters
    ----------
    sky
        What pictures are taken of.
    """

    def __init__(self, sky: Sky) -> None:
        self._sky = sky

    def answer(self, request: Request) -> Answer | None:
        """Answer with a table of file names, or with a cutout.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Answer or None
            None where the path is none of these services.
        """
        try:
            if request.path == _NAMES:
                return self._names(request)
            if request.path == _CUTOUT:
                return self._cutout(request)
        except ValueError as error:
            return text_answer(400, f"{error}\n")
        return None

    def _names(self, request: Request) -> Answer:
        """List the stacks at a position: all bands, or none outside the footprint."""
        place = _place(request, 1)
        wanted = [band for band in _SHOWN if band in request.query.get("filters", "grizy")]
        if self._sky.cut(place, "r") is None:
            wanted = []
        where = f"{request.query['ra']} {request.query['dec']}"
        return file_name_table(
            f"{cell} {subcell} {where} {band} 0.0 stack {path} {path.rpartition('/')[2]} 0"
            for band in wanted
            for cell, subcell, path in [_file(place, band)]
        )

    def _cutout(self, request: Request) -> Answer:
        """Cut an image out of the stacks that are named."""
        place = _place(request, int(number(request, "size", _SIDE)))
        form = request.query.get("format", "jpg")
        bands = [_band(request.query[c]) for c in ("red", "green", "blue") if c in request.query]
        if form not in {"jpg", "png", "fits"}:
            raise ValueError("format must be one of jpg, png, fits")
        if len(bands) not in {1, 3} or (form == "fits" and len(bands) != 1):
            raise ValueError("give red for one band, or red, green and blue for a colour picture")
        image = self._sky.cut(place, "".join(_SHOWN[band] for band in bands))
        if image is None:
            return text_answer(404, "no image at this position\n")
        if form == "fits":
            return Answer(200, _fits(image[0], place, bands[0]), {"Content-Type": "image/fits"})
        picture = colour(image if len(bands) == 3 else image.repeat(3, 0), (_WEIGHT,) * 3, _SCALE)
        kind = "JPEG" if form == "jpg" else "PNG"
        content = encoded(picture, kind, simulated=self._sky.simulated)
        return Answer(200, content, {"Content-Type": f"image/{kind.lower()}"})


def file_name_table(rows: Iterable[str]) -> Answer:
    """Answer with a table of file names.

    Parameters
    ----------
    rows
        Lines of ten words each.

    Returns
    -------
    Answer
        The table under its line of column names.
    """
    return text_answer(200, "\n".join([_COLUMNS, *rows]) + "\n")


def _place(request: Request, size: int) -> Place:
    """Read the place that a request is about."""
    ra, dec = number(request, "ra"), number(request, "dec")
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise ValueError("ra must be in [0,360], dec must be in [-90,90]")
    if not 1 <= size <= _MOST_PIXELS:
        raise ValueError(f"size must be in [1,{_MOST_PIXELS}]")
    return Place(ra % 360, dec, _SCALE, size, size)


def _file(place: Place, band: str) -> tuple[int, int, str]:
    """Give projection cell, skycell and name of a stack.

    The cells are squares of 4 degrees here, not those of the real tessellation.
    """
    cell = 1000 + int((place.dec + 90) / _RING_DEGREES) * 90 + int(place.ra / _RING_DEGREES)
    subcell = int(place.ra * 10) % 10 * 10 + int((place.dec + 90) * 10) % 10
    folder = f"{cell:04d}/{subcell:03d}"
    name = f"rings.v3.skycell.{cell:04d}.{subcell:03d}.stk.{band}.unconv.fits"
    return cell, subcell, f"/rings.v3.skycell/{folder}/{name}"


def _band(name: str) -> str:
    """Read the band off the name of a stack."""
    match = _FILE.fullmatch(name)
    if match is None:
        raise ValueError(f"there is no stack {name[:100]!r}")
    return match[3]


def _fits(image: NDArray[np.float32], place: Place, band: str) -> bytes:
    """Write a cutout; its unit is a nanomaggy, of which 1 is of magnitude 22.5."""
    header = place.wcs.to_header()
    header["HIERARCH FPA.FILTERID"] = f"{band}.00000"
    header["HIERARCH FPA.ZP"] = ZERO_POINT
    header["EXPTIME"] = 1.0
    header["BUNIT"] = "nanomaggy"
    header["HISTORY"] = f"made by skyclass from SDSS frames in {_SHOWN[band]}, not a PS1 stack"
    if band == "y":
        header["HISTORY"] = "SDSS has no y: the z frames are shown in its place"
    stream = io.BytesIO()
    fits.PrimaryHDU(image, header).writeto(stream)
    return stream.getvalue()
