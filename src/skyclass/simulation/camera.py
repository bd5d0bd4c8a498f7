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

from skyclass.simulation.psf import Psf
from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.simulation.sky import Sky
from skyclass.simulation.strip import Strip
from skyclass.surveys.sdss.layout import FRAME_SHAPE

__all__ = [
    "DARK_VARIANCE",
    "GAIN",
    "Camera",
    "draw_psfs",
    "make_camera",
]

GAIN: Final = (1.825, 3.855, 4.6, 5.195, 5.155)
"""Electrons per count in u g r i z (photoField, GAIN)."""

DARK_VARIANCE: Final = (12.6025, 1.44, 1.0, 6.25, 1.0)
"""Variance without light in counts squared (photoField, DARK_VARIANCE)."""

_NMGY: Final = np.array([0.00888, 0.00358, 0.00501, 0.00651, 0.0349])
"""Nanomaggies per count: mean of HDU 1 of the frames."""

_NOISE_DARK: Final = np.array([0.0425, 0.0160, 0.0230, 0.0370, 0.160])
_NOISE_BRIGHT: Final = np.array([0.0440, 0.0232, 0.0298, 0.0503, 0.181])
"""Noise of an empty pixel in nanomaggies under the darkest and the brightest sky: the least and the
greatest 1.48 MAD of the frames, chosen so that simulated frames, with sources and in whole counts,
have the same."""

_SEEING_RATIO: Final = np.array([1.22, 1.16, 1.0, 0.93, 1.01])
"""FWHM over that in r: mean of photoField's and calibObj's."""

_SEEING_SCATTER: Final = 0.015
"""Scatter of the FWHM of one band; photoField changes by 2 to 3 % from field to field."""

_SEEING_SKEW: Final = 1.5
"""Exponent of the even draw of a strip's seeing, so that most strips lie in the sharper half."""

_GOLDEN: Final = (5.0**0.5 - 1.0) / 2.0


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


def draw_psfs(
    rng: np.random.Generator, seed: int, strip: Strip, index: int, sky: Sky
) -> tuple[Psf, ...]:
    """Draw the PSF of the five bands over one block.

    Parameters
    ----------
    rng
        Source of randomness of the block.
    seed
        Seed of the survey.
    strip, index
        The field.
    sky
        Level of the sky.

    Returns
    -------
    tuple of Psf
        In the order u g r i z. Where the seeing drifts, blocks that touch have the same width at
        their common border.
    """
    if sky.seeing_drift == 0.0:
        ratio = _SEEING_RATIO * (1.0 + rng.normal(0.0, _SEEING_SCATTER, len(_SEEING_RATIO)))
        fwhm = np.clip(rng.uniform(*sky.seeing_r) * ratio, *sky.seeing_limits)
        return tuple(Psf((float(f), float(f)), sky.psf_beta[0]) for f in fwhm)
    first, last = (_draw_border_seeing(seed, strip, i, sky) for i in (index, index + 1))
    shape = make_generator(seed, RandomStream.SEEING, strip.run, strip.camcol)
    count = len(GAIN)
    beta = shape.uniform(*sky.psf_beta, count)
    wing = shape.uniform(*sky.psf_wing, count)
    across = shape.normal(0.0, sky.psf_across, (count, 2))
    return tuple(
        Psf(
            (float(first[b]), float(last[b])),
            float(beta[b]),
            float(wing[b]),
            (float(across[b, 0]), float(across[b, 1])),
        )
        for b in range(count)
    )


def _draw_border_seeing(seed: int, strip: Strip, index: int, sky: Sky) -> NDArray[np.float64]:
    """Draw the FWHM in the five bands, arcsec, where the block of a field begins."""
    start = make_generator(seed, RandomStream.SEEING).random()
    # a golden-ratio sequence spreads the strips of a survey, however few, over the whole range
    even = (start + strip.first_serial * _GOLDEN) % 1.0
    low, high = sky.seeing_r
    rng = make_generator(seed, RandomStream.SEEING, strip.run, strip.camcol, index)
    night = (low + (high - low) * even**_SEEING_SKEW) * (1.0 + rng.normal(0.0, sky.seeing_drift))
    ratio = _SEEING_RATIO * (1.0 + rng.normal(0.0, _SEEING_SCATTER, len(_SEEING_RATIO)))
    return np.asarray(np.clip(night * ratio, *sky.seeing_limits))
