"""Magnitudes and concentrations measured on stored cutouts, and probabilities, batch by batch."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.images.stored_cutouts import CutoutSplit
from skyclass.measurement.aperture_photometry import aperture_flux, concentration
from skyclass.models.classifier import Classifier
from skyclass.photometry import to_magnitude
from skyclass.surveys.survey import Survey

__all__ = ["classify_cutouts", "measure_concentration", "measure_magnitudes"]

_PIXELS: Final = 512 * 5 * 64**2
"""Pixels read at once: 512 cutouts of five bands and the usual size."""


def classify_cutouts(
    classifier: Classifier, cutouts: CutoutSplit, columns: NDArray[np.float32] | None = None
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

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`.
    """
    offsets = cutouts.offsets()
    parts = [
        classifier.probabilities(
            cutouts.take(rows), offsets[rows], columns=None if columns is None else columns[rows]
        )
        for rows in _split_rows(cutouts)
    ]
    return np.concatenate(parts)


def measure_magnitudes(cutouts: CutoutSplit, survey: Survey) -> NDArray[np.float64]:
    """Measure magnitudes in an aperture.

    Parameters
    ----------
    cutouts
        Split of `n` objects, cut out of frames.
    survey
        Survey of the frames.

    Returns
    -------
    numpy.ndarray
        AB magnitudes, `[n, band]`; NaN where a flux is not positive.
    """
    offsets = cutouts.offsets()
    parts = [
        aperture_flux(cutouts.take(rows), offsets[rows], pixel_scale=survey.pixel_scale)
        for rows in _split_rows(cutouts)
    ]
    return to_magnitude(np.concatenate(parts))


def measure_concentration(cutouts: CutoutSplit, survey: Survey) -> NDArray[np.float64]:
    """Measure the concentration of the light in the detection band.

    Parameters
    ----------
    cutouts
        Split of `n` objects, cut out of frames.
    survey
        Survey of the frames.

    Returns
    -------
    numpy.ndarray
        Concentrations (`skyclass.measurement.aperture_photometry.concentration`), `[n]`.
    """
    offsets = cutouts.offsets()
    band = survey.band_names.index(survey.detection_band)
    parts = [
        concentration(cutouts.take(rows), offsets[rows], band, pixel_scale=survey.pixel_scale)
        for rows in _split_rows(cutouts)
    ]
    return np.concatenate(parts)


def _split_rows(cutouts: CutoutSplit) -> list[NDArray[np.int64]]:
    """Split the rows into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    size = max(1, _PIXELS // cutouts.pixels)
    return np.split(rows, rows[size::size])
