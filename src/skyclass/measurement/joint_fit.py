"""Fluxes of all point sources of a frame, those that overlap fitted together."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.neighbours import find_neighbours
from skyclass.measurement.psf_model import PsfModel
from skyclass.measurement.stamps import Stamps

__all__ = ["fit_jointly", "inflate_variance", "number_pixels"]

_ROUNDS: Final = 40
_CONVERGED: Final = 0.02
"""Largest change of a flux, in its error, at which the fit ends."""

_GROUP: Final = 6
"""Neighbours of a source that its error knows of."""

_RIDGE: Final = 1e-3
"""Share added to the diagonal of the normal matrix, for sources at nearly the same position."""


def fit_jointly(
    stamps: Stamps,
    psf: NDArray[np.float32],
    pixel: NDArray[np.intp],
    start: NDArray[np.float64],
    *,
    noise: float,
) -> NDArray[np.float64]:
    """Fit the fluxes of all sources at once, by least squares.

    All pixels weigh the same, as in SDSS's own PSF magnitudes: with weights by photons the core of
    a bright star would weigh less than its wings, in which the PSF is less well known.

    Parameters
    ----------
    stamps
        Of `n` sources, without sky.
    psf
        Point source of flux 1 in their pixels, `[n, y, x]`.
    pixel
        Number of each pixel, `[n, y, x]`, as `number_pixels` numbers them.
    start
        Fluxes from which the fit starts, `[n]`.
    noise
        Standard deviation of an empty pixel in nanomaggies.

    Returns
    -------
    numpy.ndarray
        Nanomaggies, `[n]`; NaN where a source has no pixel.

    Examples
    --------
    Two sources on the same three pixels:

    >>> psf = np.array([[[0.2, 0.6, 0.2]], [[0.6, 0.2, 0.0]]], np.float32)
    >>> light = 5 * psf[0] + 3 * psf[1]
    >>> stamps = Stamps(np.stack([light, light]), psf >= 0, np.zeros((2, 1)), np.zeros((2, 3)))
    >>> pixel = np.array([[[0, 1, 2]], [[0, 1, 2]]])
    >>> fit_jointly(stamps, psf, pixel, np.zeros(2), noise=1e-3).round(2).tolist()
    [5.0, 3.0]
    """
    psf = psf * stamps.valid
    power = np.einsum("nyx,nyx->n", psf, psf)
    usable = power > 0
    power = np.where(usable, power, 1.0)
    light = np.einsum("nyx,nyx->n", psf, stamps.pixels)
    flux = _solve(psf, pixel, light, power, start, _CONVERGED * noise * np.sqrt(power))
    return np.where(usable, flux, np.nan)


def number_pixels(
    stamps: Stamps, y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Assign numbers to the pixels of stamps, so that stamps that overlap share them.

    Parameters
    ----------
    stamps
        Of `n` sources.
    y, x
        Positions of the sources in the frame, `[n]`.

    Returns
    -------
    numpy.ndarray
        From 0 without gaps, `[n, y, x]`.
    """
    rows = np.rint(stamps.dy + y[:, None]).astype(np.intp)
    columns = np.rint(stamps.dx + x[:, None]).astype(np.intp)
    rows -= rows.min(initial=0)
    columns -= columns.min(initial=0)
    width = int(columns.max(initial=0)) + 1
    flat = rows[:, :, None] * width + columns[:, None, :]
    used = np.zeros(int(flat.max(initial=0)) + 1, dtype=bool)
    used[flat] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    return np.asarray(number[flat].astype(np.intp))


def _solve(
    psf: NDArray[np.float32],
    pixel: NDArray[np.intp],
    light: NDArray[np.float64],
    power: NDArray[np.float64],
    start: NDArray[np.float64],
    tolerance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Solve the normal equations by conjugate gradients, with their diagonal as preconditioner."""

    def apply(flux: NDArray[np.float64]) -> NDArray[np.float64]:
        image = np.bincount(pixel.ravel(), (psf * flux[:, None, None]).ravel())
        fitted: NDArray[np.float64] = np.einsum("nyx,nyx->n", psf, image[pixel])
        return fitted + _RIDGE * power * flux

    flux = start
    residual = light - apply(flux)
    step = residual / power
    slope = float(residual @ step)
    for _ in range(_ROUNDS):
        if (np.abs(residual) <= tolerance).all():
            break
        image = apply(step)
        length = slope / float(step @ image)
        flux = flux + length * step
        residual = residual - length * image
        preconditioned = residual / power
        next_slope = float(residual @ preconditioned)
        step = preconditioned + next_slope / slope * step
        slope = next_slope
    return flux


def inflate_variance(
    y: NDArray[np.float64], x: NDArray[np.float64], model: PsfModel
) -> NDArray[np.float64]:
    """Compute by what factor neighbours that share its light raise the variance of each flux.

    Parameters
    ----------
    y, x
        Positions in the frame, `[n]`.
    model
        PSF of the frame.

    Returns
    -------
    numpy.ndarray
        1 where there are none, `[n]`.
    """
    middle = np.array([model.frame[0] / 2.0]), np.array([model.frame[1] / 2.0])
    fwhm = float(model.compute_fwhm(*middle)[0])
    first, second, distance = find_neighbours(y, x, 1.8 * fwhm)
    inflation = np.ones(len(y))
    order = np.lexsort((distance, first))
    first, second = first[order], second[order]
    rank = np.arange(len(first)) - np.searchsorted(first, first)
    first, second, rank = (part[rank < _GROUP] for part in (first, second, rank))
    crowded, row = np.unique(first, return_inverse=True)
    member = np.full((len(crowded), _GROUP + 1), -1)
    member[:, 0] = crowded
    member[row, rank + 1] = second
    absent = member < 0
    separation = np.hypot(
        y[member][:, :, None] - y[member][:, None, :], x[member][:, :, None] - x[member][:, None, :]
    )
    matrix = np.interp(separation, *_correlate(model, fwhm))
    matrix[absent[:, :, None] | absent[:, None, :]] = 0.0
    diagonal = np.arange(_GROUP + 1)
    matrix[:, diagonal, diagonal] = 1.0 + _RIDGE
    inflation[crowded] = np.linalg.inv(matrix)[:, 0, 0]
    return inflation


def _correlate(model: PsfModel, fwhm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlate the PSF with itself: distances in pixels, and its overlap with itself there."""
    distance = np.linspace(0.0, 4.0 * fwhm, 40)
    axis = np.arange(-int(4 * fwhm), int(4 * fwhm) + 1, dtype=np.float64)
    count = len(distance)
    place = np.full(count, model.frame[0] / 2.0), np.full(count, model.frame[1] / 2.0)
    dy, dx = np.tile(axis, (count, 1)), axis[None] - distance[:, None] / 2.0
    overlap = np.einsum(
        "nyx,nyx->n",
        model.evaluate(*place, dy, dx),
        model.evaluate(*place, dy, axis[None] + distance[:, None] / 2.0),
    )
    return distance, overlap / overlap[0]
