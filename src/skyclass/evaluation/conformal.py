"""Conformal prediction sets: the classes that cannot be excluded at a stated coverage."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, Field

from skyclass.evaluation.check_predictions import renumber_groups
from skyclass.evaluation.intervals import ScoreInterval, mean_interval
from skyclass.models.prediction_sets import (
    COVERAGE,
    compute_nonconformity,
    fit_threshold,
    make_prediction_sets,
)

__all__ = [
    "ClassCoverage",
    "ConformalResult",
    "Coverage",
    "SetCoverage",
    "evaluate_conformal",
    "fit_class_thresholds",
]


class Coverage(BaseModel, frozen=True, use_attribute_docstrings=True):
    """How often prediction sets of test objects contain the true class."""

    # metrics.json called it `found` up to version 0.1
    observed: float | None = Field(validation_alias=AliasChoices("observed", "found"))
    """Share of test objects whose set contains their class; None without test objects."""
    ci95: ScoreInterval | None
    """Interval of `observed`."""


class ClassCoverage(Coverage):
    """Coverage of the test objects of one class."""

    n: int
    """Number of calibration objects of the class."""
    promised: bool
    """Whether the stated coverage holds for the class by itself."""


class SetCoverage(Coverage):
    """Prediction sets of one rule, and their coverage."""

    thresholds: dict[str, float | None]
    """Greatest nonconformity score (one minus probability) of each class; None if unlimited."""
    mean_size: float
    """Mean number of classes in a set."""
    sizes: tuple[int, ...]
    """Number of test objects by the number of classes in their set, from 0."""
    classes: dict[str, ClassCoverage]
    """Coverage of each class."""


class ConformalResult(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Prediction sets fitted on calibration objects and evaluated on test objects."""

    coverage: float
    """Stated coverage."""
    n: int
    """Number of calibration objects."""
    marginal: SetCoverage
    """One threshold: the stated coverage over all objects."""
    per_class: SetCoverage
    """A threshold for each class: the stated coverage for each class by itself."""

    def __repr__(self) -> str:
        """Format stated coverage, observed coverage and size of the marginal sets."""
        ends = "" if self.marginal.ci95 is None else f" {self.marginal.ci95}"
        return (
            f"ConformalResult(coverage {self.coverage:g} stated,"
            f" {self.marginal.observed:.3f}{ends} observed,"
            f" {self.marginal.mean_size:.2f} classes in a set)"
        )


def fit_class_thresholds(
    label: NDArray[np.int64], probabilities: NDArray[np.float64], coverage: float = COVERAGE
) -> NDArray[np.float64]:
    """Compute a threshold for each class from its own objects.

    Parameters
    ----------
    label
        True classes of the calibration objects, `[n]`.
    probabilities
        `[n, k]`.
    coverage
        Stated share of each class.

    Returns
    -------
    numpy.ndarray
        `[k]`; infinite for a class with too few objects (fewer than 9 for 90 %).
    """
    scores = compute_nonconformity(label, probabilities)
    classes = range(probabilities.shape[1])
    return np.array([fit_threshold(scores[label == k], coverage) for k in classes])


def evaluate_conformal(
    labels: Sequence[str],
    fitted_on: tuple[NDArray[np.int64], NDArray[np.float64]],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> ConformalResult:
    """Fit prediction sets on calibration objects and measure their coverage on test objects.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    fitted_on
        True classes and probabilities of the calibration objects, which neither training nor
        early stopping has used.
    label, probabilities
        Those of the test objects, `[n]` and `[n, k]`.
    groups
        Group of each test object, `[n]`, where the split kept groups together.
    seed
        Seed of the resampling.

    Returns
    -------
    ConformalResult
        Thresholds, coverage and sizes of the sets.
    """
    calibration_label, calibration_probabilities = fitted_on
    counts = np.bincount(calibration_label, minlength=len(labels))
    common = fit_threshold(compute_nonconformity(calibration_label, calibration_probabilities))
    own = fit_class_thresholds(calibration_label, calibration_probabilities)
    enough = np.isfinite(own)

    def evaluate(thresholds: NDArray[np.float64], promised: NDArray[np.bool_]) -> SetCoverage:
        sets = make_prediction_sets(probabilities, thresholds)
        sizes = sets.sum(axis=1)
        covered = sets[np.arange(len(label)), label].astype(np.float64)
        classes = {}
        for k, name in enumerate(labels):
            rows = label == k
            coverage = _measure_coverage(
                covered[rows], None if groups is None else groups[rows], seed
            )
            classes[name] = ClassCoverage(
                **dict(coverage), n=int(counts[k]), promised=bool(promised[k])
            )
        return SetCoverage(
            **dict(_measure_coverage(covered, groups, seed)),
            thresholds={
                name: float(limit) if math.isfinite(limit) else None
                for name, limit in zip(labels, thresholds, strict=True)
            },
            mean_size=float(sizes.mean()),
            sizes=tuple(np.bincount(sizes, minlength=len(labels) + 1).tolist()),
            classes=classes,
        )

    return ConformalResult(
        coverage=COVERAGE,
        n=len(calibration_label),
        marginal=evaluate(np.full(len(labels), common), np.zeros_like(enough)),
        # classes with too few objects share the common threshold
        per_class=evaluate(np.where(enough, own, common), enough),
    )


def _measure_coverage(
    covered: NDArray[np.float64], groups: NDArray[np.int64] | None, seed: int
) -> Coverage:
    """Compute the share of objects whose class is in their set, and its interval."""
    if len(covered) == 0:
        return Coverage(observed=None, ci95=None)
    ends = mean_interval(covered, renumber_groups(groups, len(covered)), seed, share=True)
    return Coverage(observed=float(covered.mean()), ci95=ends)
