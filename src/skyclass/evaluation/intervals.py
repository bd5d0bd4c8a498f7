"""Intervals of 95 %: Wilson's of a share, and the bootstrap of objects or of groups of them."""

import math
from collections.abc import Iterable, Iterator
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = [
    "RESAMPLES",
    "Interval",
    "bootstrap_interval",
    "count_units",
    "draw_weights",
    "enclose_intervals",
    "list_groupings",
    "mean_interval",
    "wilson_interval",
]

RESAMPLES: Final = 1000
"""Resamples that an interval is taken of."""

Interval = tuple[float, float] | None
"""Low and high end; None where the objects do not tell."""

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
_FEW: Final = 20  # units: percentiles need more
_CHUNK: Final = 2**22  # weights held at once


def wilson_interval(right: float, n: float) -> tuple[float, float]:
    """Give the 95 % score interval of a proportion.

    Unlike the normal interval it stays within [0, 1] and holds for few objects and for
    proportions near one.

    Parameters
    ----------
    right
        Number of successes.
    n
        Number of trials, at least one.

    Returns
    -------
    low, high
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
    return max(0.0, centre - half), min(1.0, centre + half)


def draw_weights(
    n: int, groups: NDArray[np.int64] | None, seed: int, resamples: int = RESAMPLES
) -> Iterator[NDArray[np.float64]]:
    """Draw objects with replacement, many times; say how often each was drawn.

    Parameters
    ----------
    n
        Number of objects.
    groups
        Number of each object's group from 0, `[n]`: whole groups are drawn (cluster bootstrap,
        Davison & Hinkley 1997, Bootstrap Methods, 3.8). None draws object by object.
    seed
        Seed of the draws.
    resamples
        Number of resamples.

    Yields
    ------
    numpy.ndarray
        `[n, r]` for some of the resamples at a time, so that memory does not grow with them.
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
    """Say in which ways objects are to be drawn.

    Parameters
    ----------
    groups
        Group of each object, `[n]`, numbered from 0 without gaps, or None.

    Returns
    -------
    tuple
        As `draw_weights` takes groups: object by object, and by whole groups where there are
        some. An interval is as wide as the wider of the two: a few groups can be alike by chance.
    """
    return (None,) if groups is None else (groups, None)


def count_units(n: int, groups: NDArray[np.int64] | None) -> int:
    """Count what is drawn independently.

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
) -> Interval:
    """Give the 95 % interval of a statistic from its values in resamples.

    For 20 units or more percentiles, further out as Student's t is further out than the normal
    distribution ("expanded percentile interval": Hesterberg 2015, The American Statistician 69,
    371, section 5.3). Fewer units have too few different resamples for percentiles: there it is
    Student's t times the scatter of the resamples, on the logistic scale for what lies between 0
    and 1, and on the logarithmic one for what has no upper end. Where all resamples agree the
    bootstrap is blind: a share of 0 or 1 has Wilson's interval over the units.

    Parameters
    ----------
    value
        The statistic of the sample itself.
    resampled
        Its values in resamples, `[r]`; not a number where it is undefined in a resample.
    units
        Number of objects, or of groups, that were drawn independently and that it rests on.
    share
        Whether it is a share of objects.
    reflect
        Whether noise only ever adds to it, as to the calibration error: resamples lie above it as
        it lies above the truth, so the low end is the high end reflected at `value` (after the
        basic interval: Davison & Hinkley 1997, equation 5.6).
    bounds
        Least and greatest value that the statistic can have.

    Returns
    -------
    tuple of float, or None
        Low and high end; None where `value` is not a number or the resamples do not tell.
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
        low, high = _around(value, wider * float(defined.std()), bounds)
        high += float(defined.mean()) - value if reflect else 0.0
    else:
        outer = _NORMAL.cdf(-wider)
        low, high = (float(end) for end in np.quantile(defined, [outer, 1 - outer]))
    if reflect:
        low = 2 * value - high
    return max(bounds[0], low), min(bounds[1], high)


def _around(value: float, half: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """Give a range about a value, on a scale without ends: logarithmic from 0 up, logistic to 1."""
    if bounds == (0.0, math.inf) and value > 0:
        factor = math.exp(min(half / value, 100.0))
        return value / factor, value * factor
    if bounds != (0.0, 1.0) or not 0 < value < 1:
        return value - half, value + half
    odds, factor = value / (1 - value), math.exp(min(half / (value * (1 - value)), 100.0))
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def enclose_intervals(intervals: Iterable[Interval]) -> Interval:
    """Give the interval that holds several others.

    Parameters
    ----------
    intervals
        At least one.

    Returns
    -------
    tuple of float, or None
        The outer ends; None where one of them is None.
    """
    known = []
    for each in intervals:
        if each is None:
            return None
        known.append(each)
    return min(low for low, _ in known), max(high for _, high in known)


def mean_interval(
    values: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    seed: int,
    *,
    share: bool = False,
) -> Interval:
    """Give the 95 % interval of a mean over objects.

    Parameters
    ----------
    values
        One number an object, `[n]`, from -1 to 1.
    groups
        Group of each object, `[n]`, numbered from 0 without gaps, or None.
    seed
        Seed of the resampling.
    share
        Whether the numbers are 0 and 1.

    Returns
    -------
    tuple of float, or None
        As `bootstrap_interval` gives it; the wider one of both ways to draw.
    """
    bounds = (0.0 if share else -1.0, 1.0)
    found = []
    for way in list_groupings(groups):
        sizes = np.ones(len(values)) if way is None else np.bincount(way).astype(np.float64)
        sums = values if way is None else np.bincount(way, weights=values)
        drawn = [(sums @ w) / (sizes @ w) for w in draw_weights(len(sums), None, seed)]
        whole = np.concatenate(drawn), len(sums)
        found.append(bootstrap_interval(float(values.mean()), *whole, share=share, bounds=bounds))
    return enclose_intervals(found)
