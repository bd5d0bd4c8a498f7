"""How frequent classes are, as a user states it: checked, and scaled to shares."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import EvaluationError, nearest

__all__ = ["normalise_prior"]


def normalise_prior(prior: Mapping[str, float], labels: Sequence[str]) -> NDArray[np.float64]:
    """Check that a prior fits the classes, and scale it to the sum 1.

    Parameters
    ----------
    prior
        Relative frequency of every class by its name.
    labels
        Class names, `[k]`.

    Returns
    -------
    numpy.ndarray
        Share of each class, `[k]`.

    Raises
    ------
    EvaluationError
        If it names an unknown class, lacks one, or has a number that is no frequency.
    """
    for name, number in prior.items():
        if name not in labels:
            raise EvaluationError(
                f"prior names an unknown class {name!r}; did you mean {nearest(name, labels)!r}?"
            )
        if not 0 <= number < float("inf"):
            raise EvaluationError(f"prior of class {name} must be 0 or more, got {number}")
    missing = [name for name in labels if name not in prior]
    if missing:
        raise EvaluationError(f"prior lacks class {', '.join(missing)}; state every class")
    shares = np.array([prior[name] for name in labels], dtype=np.float64)
    if shares.sum() == 0:
        raise EvaluationError("prior is 0 for every class; state at least one that is not")
    return np.asarray(shares / shares.sum())
