"""Frames painted with Moffat profiles, without GalSim."""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.surveys.survey import Band, Survey

NOISE, GAIN, SCALE, BETA = 0.02, 900.0, 0.4, 2.7

TWO_BANDS = Survey(
    name="two-bands",
    title="Two bands",
    bands=(Band("g", 4770.0, gain=GAIN), Band("r", 6231.0, gain=GAIN)),
    pixel_scale=SCALE,
    detection_band="r",
    key=("tile",),
    open_unit=lambda root, unit, rows=None, *, mask_missing=False: (),
    find_units=lambda paths: {},
)


def make_wcs(size: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [size / 2, size / 2]
    wcs.wcs.cdelt = [-SCALE / 3600, SCALE / 3600]
    return wcs


def paint_light(
    size: int,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    flux: NDArray[np.float64],
    fwhm: float,
) -> NDArray[np.float64]:
    """Paint round sources whose light within 7.4 arcsec is their flux."""
    scale = fwhm / (2 * np.sqrt(2 ** (1 / BETA) - 1))
    within = 1 - (1 + (7.4 / SCALE / scale) ** 2) ** (1 - BETA)
    norm = (BETA - 1) / (np.pi * scale**2) / within
    light = np.zeros((size, size))
    for f, row, column in zip(flux, rows, columns, strict=True):
        y, x = np.arange(size)[:, None] - row, np.arange(size) - column
        light += f * norm * (1 + (y**2 + x**2) / scale**2) ** -BETA
    return light


def expose(band: str, light: NDArray[np.float64], saturation: float = np.inf) -> Frame:
    """Add photon noise and that of the sky."""
    rng = np.random.default_rng(ord(band))
    image = light + rng.normal(0, np.sqrt(NOISE**2 + light / GAIN))
    return Frame(
        band,
        image.astype(np.float32),
        make_wcs(len(light)),
        True,
        light.shape,
        saturation,
        gain=GAIN,
    )
