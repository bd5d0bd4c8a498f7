"""The second colour baseline: the nearest neighbours in colour."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from skyclass.models.catalog_columns import compute_column_statistics, standardise

__all__ = ["predict_by_neighbours"]

_NEIGHBOURS: Final = 15


def predict_by_neighbours(
    train: NDArray[np.float64],
    labels: NDArray[np.int64],
    test: NDArray[np.float64],
    classes: Sequence[str],
) -> NDArray[np.float64]:
    """Classify by the 15 nearest training objects, each weighted by its inverse distance.

    Features are standardised by the training objects; a missing one becomes their mean, and is
    flagged by a feature of its own.

    Parameters
    ----------
    train, test
        Features, `[n, feature]`.
    labels
        Classes of the training objects, `[n]`.
    classes
        Class names.

    Returns
    -------
    numpy.ndarray
        Probabilities, `[n, class]`; zero for a class without training objects.
    """
    scale = compute_column_statistics(train)
    neighbours = KNeighborsClassifier(min(_NEIGHBOURS, len(train)), weights="distance")
    neighbours.fit(standardise(train, *scale), labels)
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, neighbours.classes_] = neighbours.predict_proba(standardise(test, *scale))
    return probabilities
