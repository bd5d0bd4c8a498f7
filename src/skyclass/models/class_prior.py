"""How frequent classes are: as a user states it, and as a model's probabilities take them to be."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import EvaluationError, nearest
from skyclass.models.model_spec import ModelSpec

__all__ = ["compute_implied_prior", "normalise_prior"]


def compute_implied_prior(spec: ModelSpec) -> dict[str, float]:
    """Compute the class shares of the sky that a model's probabilities hold for.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    dict
        Share of each class among its training objects, or equal shares if its training gave every
        class the same weight (`training.imbalance`); empty if the model does not state how many
        objects of each class it was trained on.

    Examples
    --------
    >>> from skyclass.models.bundled import find_bundled_model
    >>> from skyclass.models.class_prior import compute_implied_prior
    >>> from skyclass.models.spec_file import read_spec
    >>> shares = compute_implied_prior(read_spec(find_bundled_model("objects")))
    >>> {name: round(share, 3) for name, share in shares.items()}
    {'star': 0.406, 'galaxy': 0.417, 'quasar': 0.178}
    """
    if spec.imbalance != "none":
        return dict.fromkeys(spec.labels, 1 / len(spec.labels))
    counts = spec.objects.get("train", {})
    if any(counts.get(name, 0) <= 0 for name in spec.labels):
        return {}
    total = sum(counts[name] for name in spec.labels)
    return {name: counts[name] / total for name in spec.labels}


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
