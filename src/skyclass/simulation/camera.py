"""The camera and the night: gain, noise, calibration, sky and seeing of one camera column.

Figures come from these public files. *Frames*: the five bands of the fields 301-4510-4-30,
301-3918-3-213 and 301-1992-1-87. *photoField*: the table of run 2583, camera column 2. *calibObj*:
the stars of run 4510, camera column 4. The noise model is that of the data model page of the
frames, in counts: ``sqrt(counts / gain + dark variance)``.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.surveys.sdss.layout import FRAME_SHAPE

__all__ = [
    "DARK_VARIANCE",
    "GAIN",
    "MOFFAT_BETA",
    "Camera",
    "draw_seeing",
    "make_camera",
]

GAIN: Final = (1.825, 3.855, 4.6, 5.195, 5.155)
"""Electrons per count in u g r i z (photoField, GAIN)."""

DARK_VARIANCE: Final = (12.6025, 1.44, 1.0, 6.25, 1.0)
"""Variance without light in counts squared (photoField, DARK_VARIANCE)."""

MOFFAT_BETA: Final = 3.5
"""Slope of the Moffat profile (photoField, PSF_BETA: medians of 3.5 in u and 3.6 in z, 3.0 to 3.3
in g and r)."""

_NMGY: Final = np.array([0.00888, 0.00358, 0.00501, 0.00651, 0.0349])
"""Nanomaggies per count: mean of HDU 1 of the frames."""

_NOISE_DARK: Final = np.array([0.0425, 0.0160, 0.0230, 0.0370, 0.160])
_NOISE_BRIGHT: Final = np.array([0.0440, 0.0232, 0.0298, 0.0503, 0.181])
"""Noise of an empty pixel in nanomaggies under the darkest and the brightest sky: the least and the
greatest 1.48 MAD of the frames, chosen so that simulated frames, with sources and in whole counts,
have the same."""

_SEEING_R: Final = (1.19, 1.29)
"""Range of the FWHM in r, arcsec: a poorer night than photoField's (PSF_WIDTH 0.93 to 1.13), so
that all bands lie within the limits below, which are the seeing of most SDSS imaging."""

_SEEING_RATIO: Final = np.array([1.22, 1.16, 1.0, 0.93, 1.01])
"""FWHM over that in r: mean of photoField's and calibObj's."""

_SEEING_LIMITS: Final = (1.1, 1.6)
_SEEING_SCATTER: Final = 0.015
"""Scatter of the FWHM of one band; photoField changes by 2 to 3 % from field to field."""


@dataclass(frozen=True)
class Camera:
    """One band of one camera column during one imaging run."""

    band: int
    """Index in `skyclass.surveys.sdss.layout.BANDS`."""
    calibration: NDArray[np.float32]
    """Nanomaggies per count by column, ``[2048]``: HDU 1 of a frame."""
    sky_level: float
    """Mean sky in counts."""
    sky_wave: tuple[float, float, float]
    """Relative amplitude, length in rows and phase of the sky's change along the scan."""
    sky_tilt: float
    """Change of the sky in counts from the middle to the last column."""

    @property
    def nanomaggies_per_count(self) -> float:
        """Mean calibration."""
        return float(self.calibration.mean(dtype=np.float64))

    @property
    def pixel_noise(self) -> float:
        """Noise of an empty pixel in nanomaggies."""
        variance = self.sky_level / GAIN[self.band] + DARK_VARIANCE[self.band]
        return float(np.sqrt(variance)) * self.nanomaggies_per_count

    def compute_sky_rows(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the part of the sky level that changes along the scan.

        Parameters
        ----------
        rows
            Rows of the strip, counted from its first field's first row.

        Returns
        -------
        numpy.ndarray
            Counts.
        """
        amplitude, length, phase = self.sky_wave
        wave = amplitude * np.sin(2.0 * np.pi * rows / length + phase)
        return np.asarray(self.sky_level * (1.0 + wave))

    def compute_sky_columns(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the part of the sky level that changes across the scan.

        It is to be added to `compute_sky_rows`.

        Parameters
        ----------
        columns
            Columns of a frame.

        Returns
        -------
        numpy.ndarray
            Counts.
        """
        half = FRAME_SHAPE[1] / 2
        return np.asarray(self.sky_tilt * (columns - half) / half)


def make_camera(seed: int, run: int, camcol: int) -> tuple[Camera, ...]:
    """Draw the five bands of a camera column in a run.

    Parameters
    ----------
    seed
        Seed of the survey.
    run, camcol
        Imaging run and camera column.

    Returns
    -------
    tuple of Camera
        In the order u g r i z. The night's brightness is one draw for all bands.
    """
    rng = make_generator(seed, RandomStream.CAMERA, run, camcol)
    brightness = rng.random()
    noise = _NOISE_DARK + brightness * (_NOISE_BRIGHT - _NOISE_DARK)
    return tuple(_make_band(rng, band, float(noise[band])) for band in range(len(GAIN)))


def _make_band(rng: np.random.Generator, band: int, noise: float) -> Camera:
    """Draw one band; its sky level is the one that yields the noise."""
    columns = np.linspace(-1.0, 1.0, FRAME_SHAPE[1])
    # HDU 1 of the frames: smooth changes of half a percent, 0.013 % from column to column
    smooth = 1.0 + np.polynomial.chebyshev.chebval(columns, [0.0, *rng.normal(0.0, 0.0015, 4)])
    own = rng.normal(0.0, 1.3e-4, FRAME_SHAPE[1])
    calibration = _NMGY[band] * (1.0 + rng.normal(0.0, 0.01)) * (smooth + own)
    counts = noise / float(calibration.mean())
    sky = GAIN[band] * (counts**2 - DARK_VARIANCE[band])
    # HDU 2 of the frames: 0.1 to 1 % along the scan; 0.03 to 0.3 counts across it in every band
    wave = (float(rng.uniform(0.001, 0.003)), 3000.0, float(rng.uniform(0.0, 2.0 * np.pi)))
    return Camera(
        band,
        calibration.astype(np.float32),
        sky,
        wave,
        float(rng.choice([-1.0, 1.0]) * rng.uniform(0.03, 0.12)),
    )


def draw_seeing(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the FWHM of the PSF in the five bands of one block.

    Parameters
    ----------
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        FWHM in arcsec, ``[5]``, within 1.1 and 1.6.
    """
    ratio = _SEEING_RATIO * (1.0 + rng.normal(0.0, _SEEING_SCATTER, len(_SEEING_RATIO)))
    return np.clip(rng.uniform(*_SEEING_R) * ratio, *_SEEING_LIMITS)
