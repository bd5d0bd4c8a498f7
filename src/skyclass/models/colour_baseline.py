"""The colour baseline: gradient boosting on colours of a catalogue, or measured ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from skyclass.errors import ModelError
from skyclass.measurement.measurement import Measurement
from skyclass.photometry import NANOMAGGY, to_asinh_magnitude
from skyclass.schema import PSF_MAGNITUDE, TOTAL_MAGNITUDE

__all__ = [
    "compute_concentration",
    "make_baseline_features",
    "make_measured_features",
    "predict_by_colour",
]


def compute_concentration(table: pd.DataFrame, band: str) -> NDArray[np.float64] | None:
    """Compute ``psfMag - cModelMag`` of a catalogue (Strauss et al. 2002, AJ 124, 1810).

    Parameters
    ----------
    table
        Catalogue rows, `[n]`.
    band
        Band that shape is measured in, r of SDSS.

    Returns
    -------
    numpy.ndarray or None
        Magnitudes, `[n]`; None if it lacks one of the two.
    """
    psf, total = f"{PSF_MAGNITUDE}_{band}", f"{TOTAL_MAGNITUDE}_{band}"
    if not {psf, total} <= set(table.columns):
        return None
    return (table[psf] - table[total]).to_numpy(np.float64, na_value=np.nan)


def make_baseline_features(
    magnitudes: NDArray[np.float64], concentration: NDArray[np.float64] | None, band: int
) -> NDArray[np.float64]:
    """Combine the colours, one magnitude and, if there is one, a concentration.

    Parameters
    ----------
    magnitudes
        In the order of the bands, `[n, band]`.
    concentration
        How concentrated the light is, `[n]`, or None if shape is independent of class.
    band
        Index of the band of the magnitude, r of SDSS.

    Returns
    -------
    numpy.ndarray
        `[n, band]`, or a column more; NaN for a missing magnitude.
    """
    columns = [-np.diff(magnitudes, axis=1), magnitudes[:, [band]]]
    if concentration is not None:
        columns.append(concentration[:, None])
    return np.concatenate(columns, axis=1)


def make_measured_features(
    measurement: Measurement, softening: NDArray[np.float64], band: int, *, extended: bool
) -> NDArray[np.float64]:
    """Combine asinh colours, one magnitude, signal-to-noise and, if wanted, a concentration.

    Parameters
    ----------
    measurement
        Of `n` objects.
    softening
        Softening of the asinh magnitudes in nanomaggies, `[band]`.
    band
        Index of the band of magnitude and concentration, r of SDSS.
    extended
        Whether shape tells classes apart.

    Returns
    -------
    numpy.ndarray
        `[n, 2 * band]`, or a column more; NaN for a band without pixels.
    """
    flux = measurement.psf_flux.astype(np.float64)
    magnitudes = to_asinh_magnitude(flux, softening * NANOMAGGY)
    signal = np.arcsinh(flux / measurement.psf_flux_err)
    shape = measurement.concentration[:, band].astype(np.float64) if extended else None
    return np.concatenate([make_baseline_features(magnitudes, shape, band), signal], axis=1)


def predict_by_colour(
    train: NDArray[np.float64],
    labels: NDArray[np.int64],
    test: NDArray[np.float64],
    classes: Sequence[str],
    seed: int,
) -> NDArray[np.float64]:
    """Fit gradient boosting on the training objects and classify the test objects.

    Parameters
    ----------
    train, test
        Features, `[n, feature]`.
    labels
        Classes of the training objects, `[n]`.
    classes
        Class names.
    seed
        Seed of the early-stopping hold-out, taken from the training objects.

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`; zero for a class without training objects.

    Raises
    ------
    ModelError
        If the training objects have fewer than two classes.
    """
    if len(np.unique(labels)) < 2:
        raise ModelError("the training objects have only one class; there is nothing to learn")
    booster = HistGradientBoostingClassifier(learning_rate=0.06, max_iter=300, random_state=seed)
    booster.fit(train, labels)
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, booster.classes_] = booster.predict_proba(test)
    return probabilities
