"""From which probability on a class can be trusted, by magnitude: learn, then test."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CONFIDENCE",
    "OperatingThreshold",
    "compute_binomial_tail",
    "fit_operating_thresholds",
    "select_objects",
]

CONFIDENCE: Final = 0.9
"""Probability with which each threshold keeps its promise."""

_GRID: Final = np.arange(0.0, 1.0, 0.01)
"""Thresholds that are tested; they must not be chosen by what the tests say."""

_BIN: Final = 100
"""Calibration objects in a bin of magnitude, at least; fewer make a single bin."""

_MOST_BINS: Final = 4


@dataclass(frozen=True)
class OperatingThreshold:
    """From which probability on objects of a range of magnitudes belong to the sample of a class.

    An object without a magnitude counts as one of the faintest.
    """

    label: str
    """The class."""
    brightest: float | None
    """Magnitude that the range begins at; None for no limit."""
    faintest: float | None
    """Magnitude that it ends before; None for no limit."""
    probability: float | None
    """Least probability of the class; None where no threshold passed the test."""
    tested_on: int
    """Calibration objects that it was tested on."""


def fit_operating_thresholds(
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    magnitude: NDArray[np.float64],
    measure: Literal["purity", "completeness"],
    level: float,
) -> list[OperatingThreshold]:
    """Find the thresholds at which samples have a stated purity or completeness.

    For purity, thresholds are tested from the highest down on the objects of which the class is the
    most probable; for completeness, from zero up on the objects of the class. The null hypothesis
    is that the sample does not reach the level; its p-value is the tail of a binomial distribution,
    and the sequence ends at the first that is not rejected.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    label, probabilities, magnitude
        Of calibration objects, `[n]`, `[n, k]` and `[n]`.
    measure
        Which of the two.
    level
        Its least value, above 0 and below 1.

    Returns
    -------
    list of OperatingThreshold
        Of every class and bin of magnitude. Each holds by itself with the probability `CONFIDENCE`,
        for objects like the calibration objects.

    References
    ----------
    Angelopoulos, Bates, Candès, Jordan & Lei 2021, arXiv:2110.01052: Learn then Test, with fixed
    sequence testing.
    """
    predicted = probabilities.argmax(axis=1)
    thresholds = []
    for k, name in enumerate(labels):
        tested = (predicted if measure == "purity" else label) == k
        for low, high in _make_bins(magnitude[tested]):
            rows = tested & _is_between(magnitude, low, high)
            test = _test_purity if measure == "purity" else _test_completeness
            least = test(probabilities[rows, k], label[rows] == k, level)
            thresholds.append(OperatingThreshold(name, low, high, least, int(rows.sum())))
    return thresholds


def select_objects(
    thresholds: Sequence[OperatingThreshold],
    labels: Sequence[str],
    probabilities: NDArray[np.float64],
    magnitude: NDArray[np.float64],
    measure: str,
) -> NDArray[np.bool_]:
    """Select the objects of the sample of every class.

    Parameters
    ----------
    thresholds
        As `fit_operating_thresholds` returned them.
    labels
        Class names, `[k]`.
    probabilities, magnitude
        Of `n` objects; NaN where an object has no class or no magnitude.
    measure
        What they were fitted for; a pure sample has only objects of which its class is the most
        probable.

    Returns
    -------
    numpy.ndarray
        Whether an object is in the sample of a class, `[n, k]`.
    """
    selected = np.zeros(probabilities.shape, dtype=np.bool_)
    for each in thresholds:
        if each.probability is None:
            continue
        k = list(labels).index(each.label)
        inside = _is_between(magnitude, each.brightest, each.faintest)
        selected[:, k] |= inside & (probabilities[:, k] >= each.probability)
    if measure == "purity":
        selected &= probabilities == probabilities.max(axis=1, keepdims=True)
    return selected


def compute_binomial_tail(successes: int, trials: int, share: float) -> float:
    """Compute the probability of at least so many successes.

    Parameters
    ----------
    successes
        Least number.
    trials
        Independent trials.
    share
        Probability of a success, above 0 and below 1.

    Returns
    -------
    float
        1 for no successes.

    Examples
    --------
    >>> compute_binomial_tail(2, 2, 0.5)
    0.25
    """
    if successes <= 0:
        return 1.0
    count = np.arange(successes, trials + 1)
    ways = np.array([math.lgamma(i + 1) + math.lgamma(trials - i + 1) for i in count.tolist()])
    logs = math.lgamma(trials + 1) - ways
    logs += count * math.log(share) + (trials - count) * math.log1p(-share)
    return float(min(1.0, np.exp(logs).sum()))


def _test_purity(
    probability: NDArray[np.float64], right: NDArray[np.bool_], level: float
) -> float | None:
    """Find the lowest threshold at which objects are right often enough."""
    passed = None
    for threshold in _GRID[::-1].tolist():
        kept = right[probability >= threshold]
        # with so few even a perfect score proves nothing, whatever their labels are
        if level ** len(kept) > 1 - CONFIDENCE:
            continue
        if compute_binomial_tail(int(kept.sum()), len(kept), level) > 1 - CONFIDENCE:
            break
        passed = threshold
    return passed


def _test_completeness(
    probability: NDArray[np.float64], _right: NDArray[np.bool_], level: float
) -> float | None:
    """Find the highest threshold that objects of the class pass often enough."""
    passed = None
    for threshold in _GRID.tolist():
        hits = int((probability >= threshold).sum())
        if compute_binomial_tail(hits, len(probability), level) > 1 - CONFIDENCE:
            break
        passed = threshold
    return passed


def _make_bins(
    magnitude: NDArray[np.float64],
) -> Iterator[tuple[float | None, float | None]]:
    """Divide objects into bins of magnitude that hold about as many each."""
    known = magnitude[np.isfinite(magnitude)]
    count = int(np.clip(len(known) // _BIN, 1, _MOST_BINS))
    inner = np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]).tolist() if count > 1 else []
    yield from pairwise([None, *(round(edge, 3) for edge in inner), None])


def _is_between(
    magnitude: NDArray[np.float64], low: float | None, high: float | None
) -> NDArray[np.bool_]:
    """Tell which magnitudes lie in a bin; unknown ones are faint."""
    known = np.where(np.isfinite(magnitude), magnitude, np.inf)
    inside = np.ones(len(known), dtype=np.bool_)
    if low is not None:
        inside &= known >= low
    if high is not None:
        inside &= known < high
    return inside
