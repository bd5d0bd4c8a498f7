"""Expose a frame: counts with noise, calibrated, sky subtracted, mantissas rounded."""

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.camera import DARK_VARIANCE, GAIN, Camera
from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.simulation.strip import Strip
from skyclass.surveys.sdss.layout import FRAME_SHAPE, ROWS_PER_FIELD, SATURATION

__all__ = ["expose_frame", "round_mantissas"]

_OVERLAP = FRAME_SHAPE[0] - ROWS_PER_FIELD


def expose_frame(
    seed: int, strip: Strip, index: int, camera: Camera, light: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Expose a frame.

    Counts are whole numbers up to saturation; the sky, known without error, is subtracted and the
    calibration applied, as the survey does. Rows that two fields share are identical in both.

    Parameters
    ----------
    seed
        Seed of the survey.
    strip, index
        The field.
    camera
        The band.
    light
        All sources in nanomaggies, ``[1489, 2048]``.

    Returns
    -------
    numpy.ndarray
        Float32 nanomaggies of the same shape.
    """
    rows = index * ROWS_PER_FIELD + np.arange(FRAME_SHAPE[0], dtype=np.float64)
    columns = np.arange(FRAME_SHAPE[1], dtype=np.float64)
    sky = np.add.outer(
        camera.compute_sky_rows(rows).astype(np.float32),
        camera.compute_sky_columns(columns).astype(np.float32),
    )
    counts = light / camera.calibration
    counts += sky
    noise = _draw_noise(seed, strip, index, camera.band)
    spread = counts / np.float32(GAIN[camera.band])
    spread += np.float32(DARK_VARIANCE[camera.band])
    noise *= np.sqrt(spread, out=spread)
    counts += noise
    np.rint(counts, out=counts)
    np.minimum(counts, np.float32(SATURATION[camera.band]), out=counts)
    counts -= sky
    counts *= camera.calibration
    return round_mantissas(counts)


def _draw_noise(seed: int, strip: Strip, index: int, band: int) -> NDArray[np.float32]:
    """Draw standard normal numbers; the first 128 rows of a field end the one before."""
    noise = np.empty(FRAME_SHAPE, dtype=np.float32)
    for start, stop, field, part in (
        (0, _OVERLAP, index, 0),
        (_OVERLAP, ROWS_PER_FIELD, index, 1),
        (ROWS_PER_FIELD, FRAME_SHAPE[0], index + 1, 0),
    ):
        rng = make_generator(seed, RandomStream.NOISE, strip.run, strip.camcol, field, band, part)
        rng.standard_normal(dtype=np.float32, out=noise[start:stop])
    return noise


def round_mantissas(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to ten significant binary digits, as FLOATCOMPRESS (idlutils) did the real frames.

    Parameters
    ----------
    image
        Finite values; modified in place.

    Returns
    -------
    numpy.ndarray
        The same array; its last 14 bits are zero.
    """
    bits = image.view(np.uint32)
    bits += np.uint32(1 << 13)
    bits &= np.uint32(0xFFFFC000)
    return image
