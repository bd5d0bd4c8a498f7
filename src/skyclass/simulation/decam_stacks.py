"""The simulated sky as the DECam stacks of Legacy Surveys DR10 show it: sharper and deeper."""

import functools
import threading
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.photometry import to_flux
from skyclass.simulation.painter import Painter, Shapes, make_shapes
from skyclass.simulation.population import Block, draw_block
from skyclass.simulation.psf import Psf
from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.simulation.simulation_settings import SimulationSettings
from skyclass.simulation.sky import get_sky
from skyclass.simulation.strip import locate_field, make_strip
from skyclass.surveys.colour_terms import find_colour_term
from skyclass.surveys.legacysurveys.cutout_pixels import SATURATED
from skyclass.surveys.legacysurveys.reader import GAIN
from skyclass.surveys.legacysurveys.requests import PIXEL_SCALE
from skyclass.surveys.sdss.layout import BANDS as SDSS_BANDS
from skyclass.surveys.sdss.layout import FRAME_SHAPE
from skyclass.surveys.sdss.layout import PIXEL_SCALE as SDSS_PIXEL_SCALE

__all__ = ["DEPTH", "FWHM", "DecamStacks"]

FWHM: Final = {"g": 1.11, "r": 0.95, "i": 0.88, "z": 0.83}
"""Median FWHM of the PSF in arcsec, of DES DR2 (Abbott et al. 2021, ApJS 255, 20, abstract)."""

DEPTH: Final = {"g": 24.7, "r": 23.9, "i": 23.5, "z": 23.0}
"""AB magnitudes of point sources at 5 sigma: g, r, z of two exposures
(https://www.legacysurvey.org/dr10/description/#depths), i the median of DELVE DR2
(Drlica-Wagner et al. 2022, ApJS 261, 38), whose exposures DR10 holds."""

_BETA: Final = 3.0
"""Slope of the Moffat profile."""

_FULL_WELL: Final = 120_000.0
"""Electrons at which a pixel of one exposure saturates: 30,000 counts at a gain of 4
(https://github.com/legacysurvey/obsbot, decam.py)."""

_EXPOSURES: Final = 2
"""Of a stack."""

_REACH: Final = 0.35
"""Degrees from the centre of a field, 0.11 of which are to its corner, within which a picture is
looked for: the largest is 0.03 degrees wide."""


@dataclass(frozen=True)
class _Placed:
    """The sources of a block as they are drawn on a stack."""

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    magnitudes: dict[str, NDArray[np.float64]]
    shapes: Shapes


class DecamStacks:
    """The stacks of a simulated survey's sky, drawn as they are asked for.

    Colours are those of SDSS with the colour terms of stars. Noise is independent from pixel to
    pixel, while real stacks are resampled, and from cutout to cutout where these overlap.

    Parameters
    ----------
    settings
        Settings of the survey.
    """

    def __init__(self, settings: SimulationSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._psfs = {band: Psf((width, width), _BETA) for band, width in FWHM.items()}
        # most catalogues are processed field by field
        self._place = functools.lru_cache(maxsize=16)(self._place_block)

    def cut(
        self, wcs: WCS, shape: tuple[int, int], bands: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Draw the stacks of some bands on the pixels of a picture.

        Parameters
        ----------
        wcs
            Of the picture, north up, with the pixels of the stacks.
        shape
            Rows and columns.
        bands
            Some of g r i z.

        Returns
        -------
        tuple of numpy.ndarray or None
            Nanomaggies and their inverse variance, `[band, y, x]`, both 0 outside the fields of
            the survey; None where no field covers any of it.
        """
        # wcslib keeps state in its objects, so one picture is drawn at a time
        with self._lock:
            return self._cut(wcs, shape, bands)

    def _cut(
        self, wcs: WCS, shape: tuple[int, int], bands: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Draw a picture of some bands."""
        near = self._find_near(wcs)
        covered = self._mark_covered(near, wcs, shape)
        if not covered.any():
            return None
        blocks = {(number, index + step) for number, index in near for step in (-1, 0, 1)}
        placed = [self._place(*key) for key in sorted(blocks)]
        place = np.asarray(wcs.wcs.crval) + np.array([0.0, 90.0])
        key = (*np.rint(place * 1e7).astype(int).tolist(), *shape)
        parts = [
            self._expose(band, self._draw_light(band, placed, wcs, shape), key) for band in bands
        ]
        flux, weight = (np.where(covered, np.stack(part), 0.0) for part in zip(*parts, strict=True))
        return flux.astype(np.float32), weight.astype(np.float32)

    @functools.cached_property
    def _centres(self) -> tuple[list[tuple[int, int]], NDArray[np.float64], NDArray[np.float64]]:
        """The fields as numbers of strip and index, and their centres in degrees."""
        fields = [locate_field(serial) for serial in range(self._settings.n_fields)]
        rows, columns = FRAME_SHAPE
        middle = (columns - 1) / 2, (rows - 1) / 2
        places = [self._make_wcs(*field).all_pix2world(*middle, 0) for field in fields]
        ra, dec = np.array(places, dtype=np.float64).T
        return fields, ra, dec

    def _make_wcs(self, number: int, index: int) -> WCS:
        """Make the world coordinates of a field's r frame."""
        strip = make_strip(self._settings.seed, number)
        return strip.make_wcs(index, SDSS_BANDS.index("r"))

    def _find_near(self, wcs: WCS) -> list[tuple[int, int]]:
        """Find the fields that a picture may lie on."""
        fields, ra, dec = self._centres
        at_ra, at_dec = wcs.wcs.crval
        east = ((ra - at_ra + 180.0) % 360.0 - 180.0) * np.cos(np.radians(at_dec))
        return [fields[i] for i in np.flatnonzero(np.hypot(east, dec - at_dec) < _REACH)]

    def _mark_covered(
        self, near: list[tuple[int, int]], wcs: WCS, shape: tuple[int, int]
    ) -> NDArray[np.bool_]:
        """Mark the pixels of a picture that lie on a field, `[y, x]`."""
        y, x = np.mgrid[: shape[0], : shape[1]]
        ra, dec = wcs.all_pix2world(x.ravel(), y.ravel(), 0)
        covered = np.zeros(ra.shape, dtype=np.bool_)
        rows, columns = FRAME_SHAPE
        for field in near:
            x, y = self._make_wcs(*field).all_world2pix(ra, dec, 0)
            covered |= (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
        return covered.reshape(shape)

    def _place_block(self, number: int, index: int) -> _Placed:
        """Draw the sources of a block, with magnitudes and orientation as DECam sees them."""
        settings = self._settings
        strip, sky = make_strip(settings.seed, number), get_sky(settings.sky)
        block = draw_block(
            settings.seed, settings.task, settings.objects_per_field, strip, index, sky
        )
        angle = _turn(block.sources.angle, self._make_wcs(number, index))
        sources = replace(block.sources, angle=angle)
        shapes = make_shapes(sources, PIXEL_SCALE)
        return _Placed(block.ra, block.dec, _convert_magnitudes(block), shapes)

    def _draw_light(
        self, band: str, placed: list[_Placed], wcs: WCS, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Draw all sources in a band in nanomaggies, `[y, x]`."""
        light = np.zeros(shape, dtype=np.float32)
        painter = Painter(self._psfs[band], self._compute_noise(band), PIXEL_SCALE)
        for block in placed:
            x, y = wcs.all_world2pix(block.ra, block.dec, 0)
            painter.add_sources(light, block.shapes, to_flux(block.magnitudes[band]), (y, x), 0)
        return light

    def _compute_noise(self, band: str) -> float:
        """Compute the noise of an empty pixel in nanomaggies from the depth of point sources."""
        area = float(self._psfs[band].compute_noise_area(np.array([FWHM[band]]))[0])
        pixels = area * (SDSS_PIXEL_SCALE / PIXEL_SCALE) ** 2
        return float(to_flux(np.array(DEPTH[band])) / 5.0 / np.sqrt(pixels))

    def _expose(
        self, band: str, light: NDArray[np.float32], key: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Add noise to light; return the image and its inverse variance, which is that of the sky.

        Pixels saturated in every exposure are set to one value, without weight.
        """
        sky = self._compute_noise(band)
        variance = sky**2 + np.maximum(light, 0.0) / GAIN[band]
        number = "griz".index(band)
        rng = make_generator(self._settings.seed, RandomStream.STACK, number, *key)
        image = light + np.sqrt(variance) * rng.standard_normal(light.shape)
        saturated = light > _FULL_WELL * _EXPOSURES / GAIN[band]
        weight = np.where(saturated, 0.0, 1.0 / sky**2)
        return np.where(saturated, SATURATED, image).astype(np.float32), weight.astype(np.float32)


def _convert_magnitudes(block: Block) -> dict[str, NDArray[np.float64]]:
    """Convert magnitudes of SDSS to those of DECam, by band, `[n]` each."""
    known = dict(zip(SDSS_BANDS, block.sources.magnitudes.T, strict=True))
    return {band: find_colour_term("sdss", "legacysurveys", band).convert(known) for band in FWHM}


def _turn(angle: NDArray[np.float64], wcs: WCS) -> NDArray[np.float64]:
    """Turn angles in a frame, from columns to rows, into those of a picture with north up."""
    east, north = wcs.wcs.cd @ np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(np.arctan2(north, -east))
