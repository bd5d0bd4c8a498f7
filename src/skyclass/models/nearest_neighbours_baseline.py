"""The other catalogue-colour baseline: the nearest objects in colour."""

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
    """Let the 15 nearest training objects vote, each with the inverse of its distance.

    Features are standardised by the training objects; a missing one becomes their mean, and is
    told by a feature of its own.

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
    voters = KNeighborsClassifier(min(_NEIGHBOURS, len(train)), weights="distance")
    voters.fit(standardise(train, *scale), labels)
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, voters.classes_] = voters.predict_proba(standardise(test, *scale))
    return probabilities
