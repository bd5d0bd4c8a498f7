"""Measurements and class probabilities of stored cutouts, batch by batch."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skyclass.cache import Cache, MadeFrom
from skyclass.files import atomic_path
from skyclass.images.stored_cutouts import CutoutSplit
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measurement import Measurement
from skyclass.models.predictor import Predictor
from skyclass.surveys.survey import Survey
from skyclass.workspace import fingerprint

__all__ = ["classify_cutouts", "recall_measurement"]

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


def recall_measurement(cutouts: CutoutSplit, survey: Survey, cache: Cache) -> Measurement:
    """Return the stored measurement of a split; where there is none, measure the cutouts alone.

    Parameters
    ----------
    cutouts
        Split of `n` objects, cut out of frames.
    survey
        Survey of the frames.
    cache
        Where measurements of cutouts are kept for other experiments.

    Returns
    -------
    Measurement
        Of the `n` objects.
    """
    stored = cutouts.measurement()
    if stored is not None:
        return stored
    key = fingerprint(cutouts.identity, survey.name, survey.pixel_scale, "measurement")
    made_from: MadeFrom = {"survey": survey.name, "objects": len(cutouts), "of": "cutouts"}
    with cache.open_entry("measurements", key, made_from) as entry:
        file = entry.path / "measurement.npz"
        if not entry.is_complete:
            with atomic_path(file) as partial, partial.open("wb") as content:
                np.savez(content, **vars(_measure(cutouts, survey)))
            entry.finish()
        with np.load(file, allow_pickle=False) as values:
            return Measurement(**values)


def _measure(cutouts: CutoutSplit, survey: Survey) -> Measurement:
    """Measure stored cutouts, batch by batch."""
    batches = cutouts.read_batches(_count_rows(cutouts), ("flux", "offset", "mask"))
    parts = [
        vars(
            measure_cutouts(
                batch["flux"].astype(np.float32), batch["offset"], survey, mask=batch["mask"]
            )
        )
        for _, batch in batches
    ]
    return Measurement(**{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _count_rows(cutouts: CutoutSplit) -> int:
    """Count the cutouts that are read at once."""
    return max(1, _PIXELS // cutouts.pixels)


def _split_rows(cutouts: CutoutSplit) -> list[NDArray[np.int64]]:
    """Split the rows into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    size = _count_rows(cutouts)
    return np.split(rows, rows[size::size])
