"""Intervals of 95 %: Wilson's for proportions, and the bootstrap of objects or whole groups."""

import math
from collections.abc import Iterable, Iterator
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = [
    "RESAMPLES",
    "ScoreInterval",
    "bootstrap_interval",
    "count_units",
    "draw_weights",
    "enclose_intervals",
    "list_groupings",
    "mean_interval",
    "wilson_interval",
]

RESAMPLES: Final = 1000
"""Number of resamples behind an interval."""

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
_FEW: Final = 20  # units: percentiles need more
_CHUNK: Final = 2**22  # weights held at once


class ScoreInterval(NamedTuple):
    """A 95 % interval of a score."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""

    def __str__(self) -> str:
        """Format the ends with three decimals."""
        return f"[{self.low:.3f}, {self.high:.3f}]"


def wilson_interval(right: float, n: float) -> ScoreInterval:
    """Compute the 95 % score interval of a proportion.

    Unlike the normal interval it stays within [0, 1] and is valid for few objects and for
    proportions near one.

    Parameters
    ----------
    right
        Number of successes.
    n
        Number of trials, at least one.

    Returns
    -------
    ScoreInterval
        Ends of the interval.

    References
    ----------
    Wilson, E. B. 1927, Journal of the American Statistical Association 22, 209
    (doi:10.1080/01621459.1927.10502953).
    """
    share = right / n
    shrink = 1 + _Z95**2 / n
    centre = (share + _Z95**2 / (2 * n)) / shrink
    half = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2)) / shrink
    return ScoreInterval(max(0.0, centre - half), min(1.0, centre + half))


def draw_weights(
    n: int, groups: NDArray[np.int64] | None, seed: int, resamples: int = RESAMPLES
) -> Iterator[NDArray[np.float64]]:
    """Draw bootstrap resamples, each as the number of times that every object is drawn.

    Parameters
    ----------
    n
        Number of objects.
    groups
        Number of each object's group from 0, `[n]`: whole groups are drawn (cluster bootstrap,
        Davison & Hinkley 1997, Bootstrap Methods, 3.8). None draws single objects.
    seed
        Seed of the draws.
    resamples
        Number of resamples.

    Yields
    ------
    numpy.ndarray
        `[n, r]`, a chunk of `r` resamples at a time, to bound the memory.
    """
    units = n if groups is None else int(groups.max()) + 1
    stream = np.random.default_rng(seed)
    step = max(1, min(resamples, _CHUNK // n))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = stream.integers(0, units, (units, count)) * count + np.arange(count)
        weights = np.bincount(drawn.ravel(), minlength=units * count).astype(np.float64)
        weights = weights.reshape(units, count)
        yield weights if groups is None else weights[groups]


def list_groupings(groups: NDArray[np.int64] | None) -> tuple[NDArray[np.int64] | None, ...]:
    """List the ways in which objects are resampled.

    Parameters
    ----------
    groups
        Group of each object, `[n]`, numbered from 0 without gaps, or None.

    Returns
    -------
    tuple
        Groups for `draw_weights`: None (single objects), and the groups where there are any. An
        interval spans those of both ways, because a few groups can be alike by chance.
    """
    return (None,) if groups is None else (groups, None)


def count_units(n: int, groups: NDArray[np.int64] | None) -> int:
    """Count the units that are drawn independently.

    Parameters
    ----------
    n
        Number of objects.
    groups
        Group of each, `[n]`, numbered from 0 without gaps, or None.

    Returns
    -------
    int
        Number of groups, or of objects.
    """
    return n if groups is None else int(groups.max()) + 1


def bootstrap_interval(
    value: float,
    resampled: NDArray[np.float64],
    units: int,
    *,
    share: bool = False,
    reflect: bool = False,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> ScoreInterval | None:
    """Compute the 95 % interval of a statistic from its values in resamples.

    For 20 units or more these are percentiles, widened by the ratio of Student's t to the normal
    distribution ("expanded percentile interval": Hesterberg 2015, The American Statistician 69,
    371, section 5.3). Fewer units have too few distinct resamples for percentiles: the interval is
    then Student's t times the scatter of the resamples, on a logistic scale for statistics between
    0 and 1, and on a logarithmic one for those without upper bound. Where all resamples agree, a
    share of 0 or 1 has Wilson's interval over the units.

    Parameters
    ----------
    value
        The statistic of the sample itself.
    resampled
        Its values in resamples, `[r]`; NaN where it is undefined.
    units
        Number of independently drawn objects, or groups, that it rests on.
    share
        Whether it is a share of objects.
    reflect
        Whether noise can only increase it, as with the calibration error: resamples lie above it as
        it lies above the truth, so the low end is the high end reflected at `value` (after the
        basic interval: Davison & Hinkley 1997, equation 5.6).
    bounds
        Least and greatest possible value.

    Returns
    -------
    ScoreInterval or None
        None if `value` is not finite, or the resamples do not determine an interval.
    """
    defined = resampled[np.isfinite(resampled)]
    if not math.isfinite(value) or 2 * len(defined) < len(resampled):
        return None
    if np.ptp(defined) == 0:
        return wilson_interval(value * units, units) if share and value in (0, 1) else None
    if units < 2:
        return None
    wider = math.sqrt(units / (units - 1)) * float(stdtrit(units - 1, 0.975))
    if units < _FEW:
        low, high = _spread_around(value, wider * float(defined.std()), bounds)
        high += float(defined.mean()) - value if reflect else 0.0
    else:
        outer = _NORMAL.cdf(-wider)
        low, high = (float(end) for end in np.quantile(defined, [outer, 1 - outer]))
    if reflect:
        low = 2 * value - high
    return ScoreInterval(max(bounds[0], low), min(bounds[1], high))


def _spread_around(value: float, half: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """Compute a range about a value on an unbounded scale: logarithmic above 0, logistic to 1."""
    if bounds == (0.0, math.inf) and value > 0:
        factor = math.exp(min(half / value, 100.0))
        return value / factor, value * factor
    if bounds != (0.0, 1.0) or not 0 < value < 1:
        return value - half, value + half
    odds, factor = value / (1 - value), math.exp(min(half / (value * (1 - value)), 100.0))
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def enclose_intervals(intervals: Iterable[ScoreInterval | None]) -> ScoreInterval | None:
    """Return the smallest interval that encloses several others.

    Parameters
    ----------
    intervals
        At least one.

    Returns
    -------
    ScoreInterval or None
        The outer ends; None if any of `intervals` is None.
    """
    known = []
    for each in intervals:
        if each is None:
            return None
        known.append(each)
    return ScoreInterval(min(low for low, _ in known), max(high for _, high in known))


def mean_interval(
    values: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    seed: int,
    *,
    share: bool = False,
) -> ScoreInterval | None:
    """Compute the 95 % interval of a mean over objects.

    Parameters
    ----------
    values
        One value per object, `[n]`, from -1 to 1.
    groups
        Group of each object, `[n]`, numbered from 0 without gaps, or None.
    seed
        Seed of the resampling.
    share
        Whether the values are 0 and 1.

    Returns
    -------
    ScoreInterval or None
        Enclosing `bootstrap_interval` of every way to resample.
    """
    bounds = (0.0 if share else -1.0, 1.0)
    intervals = []
    for grouping in list_groupings(groups):
        sizes = np.ones(len(values))
        sums = values
        if grouping is not None:
            sizes = np.bincount(grouping).astype(np.float64)
            sums = np.bincount(grouping, weights=values).astype(np.float64)
        means = [(sums @ w) / (sizes @ w) for w in draw_weights(len(sums), None, seed)]
        intervals.append(
            bootstrap_interval(
                float(values.mean()), np.concatenate(means), len(sums), share=share, bounds=bounds
            )
        )
    return enclose_intervals(intervals)
