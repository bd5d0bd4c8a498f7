"""Magnitudes and concentrations measured on stored cutouts, and probabilities, batch by batch."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.cache import Cache, MadeFrom
from skyclass.files import atomic_path
from skyclass.images.stored_cutouts import CutoutSplit
from skyclass.measurement.aperture_photometry import aperture_flux, concentration
from skyclass.models.predictor import Predictor
from skyclass.photometry import to_magnitude
from skyclass.surveys.survey import Survey
from skyclass.workspace import fingerprint

__all__ = ["classify_cutouts", "measure_concentration", "measure_magnitudes"]

_PIXELS: Final = 512 * 5 * 64**2
"""Pixels read at once: 512 cutouts of five bands and the usual size."""


def classify_cutouts(
    classifier: Predictor,
    cutouts: CutoutSplit,
    columns: NDArray[np.float32] | None = None,
    measured: NDArray[np.float32] | None = None,
) -> NDArray[np.float64]:
    """Compute the class probabilities of a split.

    Parameters
    ----------
    classifier
        A trained model.
    cutouts
        Split of `n` objects.
    columns
        Columns of the catalogue, `[n, column]`, for a model that uses any.
    measured
        What was measured, `[n, column]`, for a model that is told of it.

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`.
    """
    offsets = cutouts.offsets()
    parts = [
        classifier.probabilities(
            cutouts.take(rows),
            offsets[rows],
            columns=None if columns is None else columns[rows],
            measured=None if measured is None else measured[rows],
        )
        for rows in _split_rows(cutouts)
    ]
    return np.concatenate(parts)


def measure_magnitudes(cutouts: CutoutSplit, survey: Survey, cache: Cache) -> NDArray[np.float64]:
    """Measure magnitudes in an aperture, or read those that were measured before.

    Parameters
    ----------
    cutouts
        Split of `n` objects, cut out of frames.
    survey
        Survey of the frames.
    cache
        Where measurements are kept for other experiments.

    Returns
    -------
    numpy.ndarray
        AB magnitudes, `[n, band]`; NaN where a flux is not positive.
    """
    offsets = cutouts.offsets()

    def measure(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return aperture_flux(cutouts.take(rows), offsets[rows], pixel_scale=survey.pixel_scale)

    return to_magnitude(_recall(cutouts, survey, "aperture fluxes", cache, measure))


def measure_concentration(
    cutouts: CutoutSplit, survey: Survey, cache: Cache
) -> NDArray[np.float64]:
    """Measure the concentration of the light in the detection band, or read it from the cache.

    Parameters
    ----------
    cutouts
        Split of `n` objects, cut out of frames.
    survey
        Survey of the frames.
    cache
        Where measurements are kept for other experiments.

    Returns
    -------
    numpy.ndarray
        Concentrations (`skyclass.measurement.aperture_photometry.concentration`), `[n]`.
    """
    offsets = cutouts.offsets()
    band = survey.band_names.index(survey.detection_band)

    def measure(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        flux = cutouts.take(rows)
        return concentration(flux, offsets[rows], band, pixel_scale=survey.pixel_scale)

    return _recall(cutouts, survey, f"concentration in {survey.detection_band}", cache, measure)


def _recall(
    cutouts: CutoutSplit,
    survey: Survey,
    name: str,
    cache: Cache,
    measure: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Read a measurement from the cache, or measure and keep it."""
    key = fingerprint(cutouts.identity, survey.name, survey.pixel_scale, name)
    made_from: MadeFrom = {"survey": survey.name, "objects": len(cutouts), "of": name}
    with cache.open_entry("measurements", key, made_from) as entry:
        file = entry.path / "values.npy"
        if not entry.is_complete:
            values = np.concatenate([measure(rows) for rows in _split_rows(cutouts)])
            with atomic_path(file) as partial:
                np.save(partial, values, allow_pickle=False)
            entry.finish()
        recalled: NDArray[np.float64] = np.load(file, allow_pickle=False)
    return recalled


def _split_rows(cutouts: CutoutSplit) -> list[NDArray[np.int64]]:
    """Split the rows into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    size = max(1, _PIXELS // cutouts.pixels)
    return np.split(rows, rows[size::size])
