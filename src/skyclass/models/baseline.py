"""The catalogue-colour baseline: gradient boosting on what a catalogue would tell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from skyclass.catalog import MAGNITUDES, MODEL_MAGNITUDES
from skyclass.errors import ModelError

__all__ = ["baseline_features", "baseline_probabilities"]


def baseline_features(
    table: pd.DataFrame, flux: NDArray[np.float64], concentration: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Give the four colours, the r magnitude and, if asked for, a concentration.

    Parameters
    ----------
    table
        Catalogue rows, `[n]`. Its PSF magnitudes are used where it has them in all bands, else its
        model magnitudes, and its ``psfMag_r - cModelMag_r`` as concentration (Strauss et al. 2002,
        AJ 124, 1810).
    flux
        Aperture fluxes measured on the cutouts in nanomaggies, `[n, 5]`, used where it has none.
    concentration
        Concentration measured on the cutouts, `[n]`, or None where shape says nothing of class.

    Returns
    -------
    numpy.ndarray
        `[n, 5]` or `[n, 6]`, magnitudes; not a number where a flux is not positive.
    """
    magnitudes = 22.5 - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
    for names in (MODEL_MAGNITUDES, MAGNITUDES):
        if set(names) <= set(table.columns):
            magnitudes = table[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    columns = [-np.diff(magnitudes, axis=1), magnitudes[:, [2]]]
    if concentration is not None:
        if {"psfMag_r", "cModelMag_r"} <= set(table.columns):
            concentration = (table["psfMag_r"] - table["cModelMag_r"]).to_numpy(dtype=np.float64)
        columns.append(concentration[:, None])
    return np.concatenate(columns, axis=1)


def baseline_probabilities(
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
        Where the training objects have fewer than two classes.
    """
    if len(np.unique(labels)) < 2:
        raise ModelError("the training objects have only one class; there is nothing to learn")
    booster = HistGradientBoostingClassifier(learning_rate=0.06, max_iter=300, random_state=seed)
    booster.fit(train, labels)
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, booster.classes_] = booster.predict_proba(test)
    return probabilities
