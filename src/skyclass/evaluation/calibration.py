"""Calibration of a model's probabilities, before and after temperature scaling."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.evaluation.intervals import ScoreInterval
from skyclass.evaluation.reliability import ReliabilityBin, compute_reliability
from skyclass.evaluation.scores import score

__all__ = ["CalibrationResult", "CalibrationScores", "evaluate_calibration", "undo_temperature"]


class CalibrationScores(BaseModel, frozen=True, use_attribute_docstrings=True):
    """How well probabilities agree with outcomes."""

    ece: float
    """Expected calibration error, in bins of equal width."""
    log_loss: float
    """Mean negative logarithm of the true class's probability."""
    brier: float
    """Brier score, summed over classes, 0 to 2."""
    ci95: dict[str, ScoreInterval | None]
    """Interval of each of these scores by its name."""
    bins: tuple[ReliabilityBin, ...]
    """The reliability curve."""


class CalibrationResult(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Calibration before and after temperature scaling."""

    temperature: float
    """What the logits are divided by; 1 if they are not scaled."""
    fitted_on: str | None
    """Split that the temperature is fitted on; None if it is not fitted."""
    before: CalibrationScores
    """Of the unscaled probabilities."""
    after: CalibrationScores
    """Of the scaled probabilities."""

    def __repr__(self) -> str:
        """Format temperature and calibration errors."""
        return (
            f"CalibrationResult(temperature {self.temperature:.3g},"
            f" ECE {self.before.ece:.3f} before, {self.after.ece:.3f} after)"
        )


def evaluate_calibration(
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    temperature: float,
    fitted_on: str | None,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> CalibrationResult:
    """Evaluate how well probabilities agree with outcomes, before and after temperature scaling.

    Parameters
    ----------
    labels, label, groups, seed
        As for `skyclass.evaluation.scores.score`.
    probabilities
        With the temperature applied, `[n, k]`.
    temperature
        What the logits were divided by.
    fitted_on
        Split that the temperature was fitted on.

    Returns
    -------
    CalibrationResult
        Scores and reliability curves.
    """

    def evaluate(shares: NDArray[np.float64]) -> CalibrationScores:
        scores = score(labels, label, shares, groups=groups, seed=seed)
        return CalibrationScores(
            ece=scores.ece,
            log_loss=scores.log_loss,
            brier=scores.brier,
            ci95={name: scores.ci95[name] for name in ("ece", "log_loss", "brier")},
            bins=compute_reliability(label, shares),
        )

    return CalibrationResult(
        temperature=temperature,
        fitted_on=fitted_on,
        before=evaluate(undo_temperature(probabilities, temperature)),
        after=evaluate(probabilities),
    )


def undo_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Recover the probabilities before temperature scaling.

    Exact for a softmax of logits over the temperature. Where an image type makes several samples of
    an object, their mean is treated as one softmax.

    Parameters
    ----------
    probabilities
        With the temperature applied, `[n, k]`.
    temperature
        What the logits were divided by.

    Returns
    -------
    numpy.ndarray
        `[n, k]`, each row summing to one.
    """
    # the greatest of each row becomes 1, so that no row vanishes
    raised = (probabilities / probabilities.max(axis=1, keepdims=True)) ** temperature
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
