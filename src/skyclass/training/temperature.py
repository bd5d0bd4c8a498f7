"""Temperature scaling: one number, fitted on objects that the classifier did not learn from."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

__all__ = ["compute_negative_log_likelihood", "fit_temperature"]

_RANGE: Final = 20.0
"""A temperature lies between this and its reciprocal."""


def compute_negative_log_likelihood(
    logits: NDArray[np.float64], label: NDArray[np.int64], temperature: float
) -> float:
    """Compute the mean negative logarithm of the probability of the true class.

    Parameters
    ----------
    logits
        `[n, samples, class]`; the probabilities of an object are the mean over its samples.
    label
        Classes, `[n]`.
    temperature
        Divisor of the logits.

    Returns
    -------
    float
        Nats.
    """
    scaled = logits / temperature
    shares = scaled - logsumexp(scaled, axis=2, keepdims=True)
    true = np.take_along_axis(shares, label[:, None, None], axis=2)[:, :, 0]
    return float(np.mean(np.log(true.shape[1]) - logsumexp(true, axis=1)))


def fit_temperature(logits: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Fit the temperature that makes the true classes most probable (Guo et al. 2017, ICML).

    Parameters
    ----------
    logits
        `[n, samples, class]`, of objects that the classifier did not learn from.
    label
        Classes, `[n]`.

    Returns
    -------
    float
        1 if no object is classified wrongly: ever lower temperatures would then fit better, and
        nothing limits the confidence.
    """
    shares = np.exp(logits - logsumexp(logits, axis=2, keepdims=True))
    if (shares.mean(axis=1).argmax(axis=1) == label).all():
        return 1.0
    minimum = minimize_scalar(
        lambda x: compute_negative_log_likelihood(logits, label, float(np.exp(x))),
        bounds=(-np.log(_RANGE), np.log(_RANGE)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(minimum.x))
