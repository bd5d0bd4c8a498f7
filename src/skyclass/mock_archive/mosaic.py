"""Resample the frames of a directory onto any area of the sky."""

import bz2
import functools
import gzip
import io
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from skyclass.errors import SurveyError
from skyclass.frames.simulated import is_simulated
from skyclass.surveys.sdss.layout import FRAME_SHAPE, PIXEL_SCALE, Field, find_frame
from skyclass.surveys.sdss.raw_frame import read_frame

__all__ = ["Mosaic", "SkyArea"]

MOST_FIELDS: Final = 32
"""Most fields of one picture, those nearest to its centre."""

_FIELD_RADIUS: Final = float(np.hypot(*FRAME_SHAPE)) / 2 * PIXEL_SCALE / 3600
"""Degrees from the centre of a field to its corner."""

_CACHED: Final = 15
_HEADER_BYTES: Final = 40 * 2880
_ROWS_AT_ONCE: Final = 256
_BANDS_FOR_CENTRE: Final = "rigzu"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SkyArea:
    """A rectangle on the sky, north up and east to the left."""

    ra: float
    """Right ascension of the centre in degrees."""
    dec: float
    """Declination of the centre in degrees."""
    scale: float
    """Arcsec per pixel."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    @property
    def wcs(self) -> WCS:
        """World coordinates of the picture, whose first row is the southern one."""
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = [self.ra, self.dec]
        wcs.wcs.crpix = [(self.width + 1) / 2, (self.height + 1) / 2]
        wcs.wcs.cdelt = [-self.scale / 3600, self.scale / 3600]
        return wcs

    @property
    def radius(self) -> float:
        """Degrees from the centre to a corner."""
        return float(np.hypot(self.width, self.height)) / 2 * self.scale / 3600


class Mosaic:
    """The frames of a directory as one image in each band.

    Parameters
    ----------
    folders
        Each field with the folder that holds its frames.
    """

    def __init__(self, folders: Mapping[Field, Path]) -> None:
        self.simulated = False
        """Whether one of the frames read so far is simulated."""
        self._folders = folders
        # wcslib keeps state in its objects, so one picture is made at a time
        self._lock = threading.Lock()
        # the frames of the last three fields: most catalogues are processed field by field
        self._frame = functools.lru_cache(maxsize=_CACHED)(self._read)

    def cut(self, area: SkyArea, bands: str) -> NDArray[np.float32] | None:
        """Make a picture of an area.

        Parameters
        ----------
        area
            Area of the sky.
        bands
            Some of u g r i z.

        Returns
        -------
        numpy.ndarray or None
            Nanomaggies per pixel, `[band, y, x]`, the southern row first, NaN outside the frames;
            None where no frame covers any of it.
        """
        with self._lock:
            return self._cut(area, bands)

    def _cut(self, area: SkyArea, bands: str) -> NDArray[np.float32] | None:
        """Make a picture, a number of rows at a time."""
        fields = self._list_fields(area)
        image = np.full((len(bands), area.height, area.width), np.nan, dtype=np.float32)
        for top in range(0, area.height if fields else 0, _ROWS_AT_ONCE):
            part = image[:, top : top + _ROWS_AT_ONCE]
            y, x = np.mgrid[top : top + part.shape[1], : area.width]
            ra, dec = area.wcs.all_pix2world(x.ravel(), y.ravel(), 0)
            for target, band in zip(part, bands, strict=True):
                for field in fields:
                    self._fill(target, field, band, ra, dec, area.scale)
        return None if np.isnan(image).all() else image

    def _fill(
        self,
        target: NDArray[np.float32],
        field: Field,
        band: str,
        ra: NDArray[np.float64],
        dec: NDArray[np.float64],
        scale: float,
    ) -> None:
        """Fill the still empty pixels of a picture from one frame."""
        empty = np.isnan(target)
        frame = self._frame(field, band) if empty.any() else None
        if frame is None:
            return
        data, wcs = frame
        # a coarse picture shows means of pixels, not every n-th pixel
        step = max(1, round(scale / PIXEL_SCALE))
        x, y = wcs.all_world2pix(ra[empty.ravel()], dec[empty.ravel()], 0)
        at = [(np.asarray(v) + 0.5) / step - 0.5 for v in (y, x)]
        fluxes = map_coordinates(_average_pixels(data, step), at, order=1, cval=np.nan)
        target[empty] = fluxes * (scale / PIXEL_SCALE) ** 2

    def _list_fields(self, area: SkyArea) -> list[Field]:
        """List the fields that may reach into a picture, the nearest first."""
        fields, centres = self._centres
        away = np.degrees(
            np.arccos(np.clip(centres @ _compute_direction(area.ra, area.dec), -1, 1))
        )
        order = np.argsort(away)[:MOST_FIELDS]
        return [fields[i] for i in order if away[i] < area.radius + _FIELD_RADIUS]

    @functools.cached_property
    def _centres(self) -> tuple[list[Field], NDArray[np.float64]]:
        """Fields and the directions of their centres, `[n, 3]`."""
        centres = {}
        for field, folder in self._folders.items():
            wcs = _read_field_wcs(folder, field)
            if wcs is not None:
                rows, columns = FRAME_SHAPE
                ra, dec = wcs.all_pix2world((columns - 1) / 2, (rows - 1) / 2, 0)
                centres[field] = _compute_direction(float(ra), float(dec))
        return list(centres), np.array(list(centres.values())).reshape(-1, 3)

    def _read(self, field: Field, band: str) -> tuple[NDArray[np.float32], WCS] | None:
        """Read a frame; None where it is missing or broken."""
        try:
            frame = read_frame(find_frame(self._folders[field], field, band))
            self.simulated |= is_simulated(frame.header.get("HISTORY", ()))
            return frame.data, _make_wcs(frame.header)
        except SurveyError as error:
            _log.info("a frame is left out of the mosaic: %s", error)
            return None


def _average_pixels(data: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Average squares of pixels; incomplete squares at the far edges are left out."""
    if step == 1:
        return data
    rows, columns = (n // step for n in data.shape)
    whole = data[: rows * step, : columns * step]
    means: NDArray[np.float32] = whole.reshape(rows, step, columns, step).mean(axis=(1, 3))
    return means


def _compute_direction(ra: float, dec: float) -> NDArray[np.float64]:
    """Compute the unit vector towards a position in degrees."""
    a, d = np.radians([ra, dec])
    return np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])


def _read_field_wcs(folder: Path, field: Field) -> WCS | None:
    """Read the WCS of one of a field's frames, without decompressing its image."""
    for path in _list_frames(folder, field):
        openers = {".bz2": bz2.BZ2File, ".gz": gzip.GzipFile}
        try:
            with openers.get(path.suffix, io.FileIO)(path) as file:
                wcs = _make_wcs(fits.Header.fromstring(file.read(_HEADER_BYTES)))
        except (OSError, EOFError, ValueError, fits.VerifyError) as error:
            _log.info("a frame is left out of the mosaic: %s: %s", path, error)
            continue
        if wcs.has_celestial:
            return wcs
    return None


def _list_frames(folder: Path, field: Field) -> Iterator[Path]:
    """List the frames of a field that are there."""
    for band in _BANDS_FOR_CENTRE:
        try:
            yield find_frame(folder, field, band)
        except SurveyError:
            continue


def _make_wcs(header: fits.Header) -> WCS:
    """Make the WCS of a header; astropy warns of the RADECSYS that real frames have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        return WCS(header)
