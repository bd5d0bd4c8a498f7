"""The temperature, against another minimiser and by what it is for."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch.nn.functional import cross_entropy

from skyclass.training.temperature import compute_negative_log_likelihood, fit_temperature


def overconfident(n: int = 4000, factor: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Give logits whose softmax was the truth before they were multiplied."""
    stream = np.random.default_rng(1)
    honest = stream.normal(0, 1.5, (n, 4))
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    label = (stream.random(n)[:, None] > shares.cumsum(1)).sum(1).clip(max=3)
    return factor * honest, label


def calibration_error(shares: np.ndarray, label: np.ndarray, bins: int = 15) -> float:
    """Compute Guo et al.'s (2017) equation 3: |accuracy - confidence| of bins, by their objects."""
    confidence, right = shares.max(1), shares.argmax(1) == label
    sums, _ = np.histogram(confidence, bins, (0, 1), weights=right - confidence)
    return float(np.abs(sums).sum() / len(label))


def test_against_another_minimiser() -> None:
    logits, label = overconfident()
    log_t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = cross_entropy(torch.from_numpy(logits) / log_t.exp(), torch.from_numpy(label))
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    temperature = fit_temperature(logits[:, None], label)
    assert temperature == pytest.approx(float(log_t.exp()), rel=1e-4)
    assert temperature == pytest.approx(3.0, rel=0.1)
    assert float(loss) > compute_negative_log_likelihood(logits[:, None], label, temperature)


def test_calibration_error_falls_on_other_objects() -> None:
    logits, label = overconfident()
    temperature = fit_temperature(logits[:2000, None], label[:2000])
    before, after = (
        calibration_error(softmax(logits[2000:] / t, axis=1), label[2000:])
        for t in (1.0, temperature)
    )
    assert before > 0.1
    assert after < before / 4


def test_samples_of_an_object_count_together() -> None:
    stream = np.random.default_rng(2)
    logits, label = stream.normal(0, 3, (300, 2, 3)), stream.integers(0, 3, 300)
    grid = np.geomspace(0.2, 20, 2000)
    shares = np.exp(logits[None] / grid[:, None, None, None])
    shares = (shares / shares.sum(-1, keepdims=True)).mean(2)
    losses = -np.log(shares[:, np.arange(300), label]).mean(1)
    assert fit_temperature(logits, label) == pytest.approx(grid[losses.argmin()], rel=5e-3)


def test_without_a_mistake_there_is_nothing_to_fit() -> None:
    logits = np.eye(3)[:, None]
    assert fit_temperature(logits, np.arange(3)) == 1.0
