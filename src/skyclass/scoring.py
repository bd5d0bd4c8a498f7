"""What an experiment says of its test objects: the model's answers, the baseline's, the metrics."""

from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.catalog import POSITION
from skyclass.config import ExperimentConfig
from skyclass.evaluation import paired_difference, predictions_table, score
from skyclass.images import COLOURS, CutoutInfo, StoredCutouts, aperture_flux, concentration
from skyclass.models import (
    Classifier,
    baseline_features,
    baseline_probabilities,
    catalog_concentration,
    catalog_magnitudes,
)
from skyclass.tasks import Task

__all__ = ["classify_by_colours", "classify_cutouts", "metrics_of", "predictions_of_test"]

_PACKAGES: Final = ("astropy", "datasets", "lightning", "numpy", "scikit-learn", "torch")
_PIXELS: Final = 512 * 5 * 64**2
"""Pixels read at once: those of 512 cutouts of frames of the usual size."""


def classify_cutouts(classifier: Classifier, cutouts: StoredCutouts) -> NDArray[np.float64]:
    """Classify a split batch by batch.

    Parameters
    ----------
    classifier
        A trained model.
    cutouts
        Split of `n` objects.

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`.
    """
    offsets = cutouts.offsets()
    parts = [classifier.probabilities(cutouts.take(r), offsets[r]) for r in _batches(cutouts)]
    return np.concatenate(parts)


def predictions_of_test(
    test: StoredCutouts, info: CutoutInfo, probabilities: NDArray[np.float64]
) -> pd.DataFrame:
    """Give the table of the test objects.

    Parameters
    ----------
    test
        Split of `n` objects.
    info
        Its class names.
    probabilities
        `[n, class]`.

    Returns
    -------
    pandas.DataFrame
        As `skyclass.evaluation.predictions_table` makes it.
    """
    return predictions_table(
        objid=test.column("objid"),
        specobjid=test.column("specobjid"),
        ra=np.array(test.column("ra")),
        dec=np.array(test.column("dec")),
        labels=info.labels,
        true=test.label,
        probabilities=probabilities,
    )


def classify_by_colours(
    catalog: pd.DataFrame,
    task: Task,
    info: CutoutInfo,
    training: StoredCutouts,
    test: StoredCutouts,
    seed: int,
) -> NDArray[np.float64] | None:
    """Classify the test objects by their colours.

    Parameters
    ----------
    catalog
        With the objects of both splits. What it lacks of magnitudes is measured on cutouts of
        frames; ready-made pictures hold no measurement.
    task
        Says whether the shape of objects counts.
    info
        What the cutouts are.
    training, test
        Splits.
    seed
        Seed of the baseline.

    Returns
    -------
    numpy.ndarray or None
        Probabilities, `[n, class]`; None where there are no colours at all.
    """
    magnitudes = catalog_magnitudes(catalog)
    shape = catalog_concentration(catalog) if task.extended else None
    is_measured = info.bands != COLOURS
    if magnitudes is None and not is_measured:
        return None
    features = []
    for cutouts in (training, test):
        rows = _rows(catalog, cutouts)
        colours = _measured_magnitudes(cutouts) if magnitudes is None else magnitudes[rows]
        if task.extended and shape is None and is_measured:
            features.append(baseline_features(colours, _measured_concentration(cutouts)))
        else:
            features.append(baseline_features(colours, None if shape is None else shape[rows]))
    return baseline_probabilities(features[0], training.label, features[1], info.labels, seed)


def _batches(cutouts: StoredCutouts) -> list[NDArray[np.int64]]:
    """Divide the rows of a split into batches that fit in memory."""
    rows = np.arange(len(cutouts))
    size = max(1, _PIXELS // cutouts.pixels)
    return np.split(rows, rows[size::size])


def _rows(catalog: pd.DataFrame, cutouts: StoredCutouts) -> NDArray[np.int64]:
    """Give the row of the catalogue of each object of a split."""
    positions = pd.DataFrame({name: cutouts.column(name) for name in POSITION})
    numbered = catalog[list(POSITION)].assign(row=np.arange(len(catalog)))
    merged = positions.merge(numbered, on=list(POSITION), how="left", validate="one_to_one")
    return merged["row"].to_numpy(np.int64)


def _measured_magnitudes(cutouts: StoredCutouts) -> NDArray[np.float64]:
    """Measure magnitudes in an aperture; not a number where a flux is not positive."""
    offsets = cutouts.offsets()
    parts = [aperture_flux(cutouts.take(rows), offsets[rows]) for rows in _batches(cutouts)]
    flux = np.concatenate(parts)
    magnitudes: NDArray[np.float64] = 22.5 - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
    return magnitudes


def _measured_concentration(cutouts: StoredCutouts) -> NDArray[np.float64]:
    """Measure how concentrated the light is."""
    offsets = cutouts.offsets()
    parts = [concentration(cutouts.take(rows), offsets[rows]) for rows in _batches(cutouts)]
    return np.concatenate(parts)


def metrics_of(
    config: ExperimentConfig,
    task: Task,
    catalog: pd.DataFrame,
    info: CutoutInfo,
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    baseline: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """Gather what `metrics.json` holds.

    Parameters
    ----------
    config, task, catalog, info
        The experiment, its objects and its cutouts.
    true
        Classes of the test objects, `[n]`.
    probabilities
        The model's, `[n, class]`.
    baseline
        The colour baseline's, `[n, class]`; None where there is none.

    Returns
    -------
    dict
        Ready for JSON; `baseline` and `difference` are None where there is no baseline.
    """
    told = catalog.attrs["skyclass"]
    return {
        "test": score(info.labels, true, probabilities),
        "baseline": None if baseline is None else score(info.labels, true, baseline),
        "difference": _difference(true, probabilities, baseline, config.seed),
        "task": task.name,
        "ordered": task.ordered,
        "image_type": config.images.type,
        "model": config.model.name,
        "simulated": info.simulated,
        "catalog": {
            **told,
            "dropped": {
                **told["dropped"],
                "not in the sample": told["sampled_from"] - told["rows_out"],
                "off its frame": info.off_frame,
                "its field lacks a band": info.missing,
            },
        },
        "versions": {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}},
    }


def _difference(
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    baseline: NDArray[np.float64] | None,
    seed: int,
) -> dict[str, Any] | None:
    """Compare the model with the baseline, object by object."""
    if baseline is None:
        return None
    found = paired_difference(true, probabilities.argmax(1), baseline.argmax(1), seed=seed)
    return {"difference": found.difference, "ci95": list(found.ci95), "n": found.n}
