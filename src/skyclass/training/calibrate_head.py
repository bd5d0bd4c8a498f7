"""What is fitted after the training: the weight of the picture, and the temperature."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skyclass.models.network import JointHead
from skyclass.training.temperature import compute_negative_log_likelihood, fit_temperature

__all__ = ["calibrate"]

_WEIGHTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Factors on the logits of the picture that are tried."""


@torch.no_grad()
def calibrate(head: nn.Module, features: Tensor, label: NDArray[np.int64]) -> float:
    """Fit a head on objects that it was not trained on, and the temperature of its logits.

    Parameters
    ----------
    head
        In evaluation mode. One on picture and measurement gets the weight of the picture that makes
        the true classes most probable: a picture that adds nothing to the measurement gets none.
    features
        What it takes, `[n * samples, width]`.
    label
        Classes, `[n]`.

    Returns
    -------
    float
        Temperature.
    """
    if not isinstance(head, JointHead):
        return fit_temperature(_compute_logits(head, features, label), label)
    fits = []
    for weight in _WEIGHTS:
        head.picture_weight.fill_(weight)
        logits = _compute_logits(head, features, label)
        temperature = fit_temperature(logits, label)
        loss = compute_negative_log_likelihood(logits, label, temperature)
        fits.append((loss, weight, temperature))
    _, weight, temperature = min(fits)
    head.picture_weight.fill_(weight)
    return temperature


def _compute_logits(
    head: nn.Module, features: Tensor, label: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Compute logits, `[n, samples, class]`."""
    logits: NDArray[np.float64] = head(features).double().cpu().numpy()
    return logits.reshape(len(label), -1, logits.shape[-1])
