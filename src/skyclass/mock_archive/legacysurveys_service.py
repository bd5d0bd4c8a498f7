"""Serve the cutouts of the Legacy Surveys viewer: drawn for a simulated sky, else of SDSS frames.

https://www.legacysurvey.org/dr10/description/#obtaining-images-and-raw-data; the cards of the
headers are those that the viewer writes (https://github.com/legacysurvey/imagine, map/views.py).
"""

import io
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.extras import is_installed
from skyclass.frames.simulated import SIMULATED
from skyclass.mock_archive.http_messages import Request, Response, make_text_response, parse_number
from skyclass.mock_archive.mosaic import Mosaic, SkyArea
from skyclass.simulation.decam_stacks import DecamStacks
from skyclass.simulation.simulation_settings import read_simulation
from skyclass.surveys.legacysurveys.cutout_pixels import BANDS
from skyclass.surveys.legacysurveys.requests import LAYER, MOST_PIXELS, PIXEL_SCALE

__all__ = ["LegacySurveysService"]

_PATHS: Final = ("/viewer/cutout.fits", "/viewer/fits-cutout")
_SIDE: Final = 256
_FROM_FRAMES: Final = "made by skyclass from SDSS frames, not a DECam stack"
_DRAWN: Final = f"{SIMULATED}: DECam stacks of a simulated sky"

Cut = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Nanomaggies and their inverse variance, `[band, y, x]`; 0 where there is no image."""


class LegacySurveysService:
    """The viewer's cutouts in FITS, layer ``ls-dr10``.

    Parameters
    ----------
    mosaic
        Frames that cutouts are made from where nothing is drawn.
    catalog
        Catalogue of a simulated survey; its sky is drawn if GalSim is installed.
    """

    def __init__(self, mosaic: Mosaic, catalog: Path) -> None:
        settings = read_simulation(catalog)
        drawn = settings is not None and is_installed("galsim")
        self._mosaic = mosaic
        self._stacks = DecamStacks(settings) if settings is not None and drawn else None

    def answer(self, request: Request) -> Response | None:
        """Answer a request for a cutout.

        Parameters
        ----------
        request
            Any request.

        Returns
        -------
        Response or None
            None where the path belongs to another service.
        """
        if request.path not in _PATHS:
            return None
        try:
            area, bands = _parse_area(request), _parse_bands(request)
        except ValueError as error:
            return make_text_response(400, f"{error}\n")
        flux, weight = self._cut(area, bands)
        parts = [("IMAGE", flux), *([("INVVAR", weight)] if "invvar" in request.query else [])]
        content = _encode(parts, area, bands, self._describe())
        return Response(200, content, {"Content-Type": "image/fits"})

    def _cut(self, area: SkyArea, bands: str) -> Cut:
        """Cut an image and its inverse variance."""
        if self._stacks is not None:
            cut = self._stacks.cut(area.wcs, (area.height, area.width), bands)
        else:
            image = self._mosaic.cut(area, bands)
            cut = None if image is None else _weigh(image)
        nothing = np.zeros((len(bands), area.height, area.width), dtype=np.float32)
        return cut or (nothing, nothing)

    def _describe(self) -> list[str]:
        """Describe for the header how images are made."""
        if self._stacks is not None:
            return [_DRAWN]
        return [_FROM_FRAMES, *([SIMULATED] if self._mosaic.simulated else [])]


def _parse_area(request: Request) -> SkyArea:
    """Parse the area of the sky that a request is about."""
    ra, dec = parse_number(request, "ra"), parse_number(request, "dec")
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise ValueError("ra must be in [0,360], dec must be in [-90,90]")
    if request.query.get("layer") != LAYER:
        raise ValueError(f"layer must be {LAYER}")
    if parse_number(request, "pixscale", PIXEL_SCALE) != PIXEL_SCALE:
        raise ValueError(f"pixscale must be {PIXEL_SCALE}: nothing else is served here")
    size = min(int(parse_number(request, "size", _SIDE)), MOST_PIXELS)
    if size < 1:
        raise ValueError("size must be at least 1")
    return SkyArea(ra % 360, dec, PIXEL_SCALE, size, size)


def _parse_bands(request: Request) -> str:
    """Parse the bands of a request; as at the viewer, all where one of them is unknown."""
    bands = request.query.get("bands", BANDS)
    return bands if bands and set(bands) <= set(BANDS) else BANDS


def _weigh(image: NDArray[np.float32]) -> Cut:
    """Weigh resampled frames by the scatter of each band; pixels outside them have no weight."""
    known = np.isfinite(image)
    weight = np.zeros_like(image)
    for target, plane, inside in zip(weight, image, known, strict=True):
        values = plane[inside]
        # the darker half shows no sources
        dark = values[values <= np.median(values)] if values.size else values
        spread = 1.4826 * np.median(dark.max() - dark) if dark.size else 0.0
        if spread > 0:
            target[inside] = 1.0 / spread**2
    return np.where(known, image, np.float32(0.0)), weight


def _encode(
    parts: list[tuple[str, NDArray[np.float32]]], area: SkyArea, bands: str, history: list[str]
) -> bytes:
    """Encode images as FITS, one HDU each; a single band has no axis of its own."""
    units = fits.HDUList()
    for kind, cube in parts:
        make = fits.ImageHDU if units else fits.PrimaryHDU
        header = _make_header(kind, area, bands, history)
        units.append(make(cube[0] if len(bands) == 1 else cube, header))
    stream = io.BytesIO()
    units.writeto(stream)
    return stream.getvalue()


def _make_header(kind: str, area: SkyArea, bands: str, history: list[str]) -> fits.Header:
    """Make the cards that the viewer writes."""
    scale = area.scale / 3600
    header = fits.Header([("BANDS", bands), *((f"BAND{i}", b) for i, b in enumerate(bands))])
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=area.ra, CRVAL2=area.dec)
    header.update(CRPIX1=(area.width + 1) / 2, CRPIX2=(area.height + 1) / 2)
    header.update(CD1_1=-scale, CD1_2=0.0, CD2_1=0.0, CD2_2=scale)
    header.update(IMAGEW=area.width, IMAGEH=area.height, IMAGETYP=kind)
    for line in history:
        header.add_history(line)
    return header
