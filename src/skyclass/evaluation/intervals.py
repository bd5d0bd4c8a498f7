"""Intervals of 95 %: Wilson's of a share, and the bootstrap of objects or of groups of them."""

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

__all__ = [
    "RESAMPLES",
    "Interval",
    "bootstrap_interval",
    "mean_interval",
    "resampled_weights",
    "wilson_interval",
]

RESAMPLES: Final = 1000
"""Resamples that an interval is taken of."""

Interval = tuple[float, float] | None
"""Low and high end; None where the objects do not tell."""

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
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


def resampled_weights(
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


def bootstrap_interval(
    value: float,
    resampled: NDArray[np.float64],
    units: int,
    *,
    share: bool = False,
    reflect: bool = False,
) -> Interval:
    """Give the 95 % interval of a statistic from its values in resamples.

    Percentiles, further out for few units as Student's t is further out than the normal
    distribution ("expanded percentile interval": Hesterberg 2015, The American Statistician 69,
    371, section 5.3). Where all resamples agree the bootstrap is blind, and a share has Wilson's
    interval over the units.

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
        Whether noise moves it one way, as it does the calibration error: the percentiles are then
        reflected at `value` (basic interval: Davison & Hinkley 1997, equation 5.6), not below 0.

    Returns
    -------
    tuple of float, or None
        Low and high end; None where `value` is not a number or the resamples do not tell.
    """
    defined = resampled[np.isfinite(resampled)]
    if not math.isfinite(value) or 2 * len(defined) < len(resampled):
        return None
    if np.ptp(defined) == 0:
        return wilson_interval(value * units, units) if share else None
    if units < 2:
        return None
    outer = _NORMAL.cdf(-math.sqrt(units / (units - 1)) * float(student.ppf(0.975, units - 1)))
    low, high = (float(end) for end in np.quantile(defined, [outer, 1 - outer]))
    if reflect:
        return max(0.0, 2 * value - high), max(0.0, 2 * value - low)
    return low, high


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
        One number an object, `[n]`.
    groups
        Group of each object, `[n]`, numbered from 0 without gaps, or None.
    seed
        Seed of the resampling.
    share
        Whether the numbers are 0 and 1.

    Returns
    -------
    tuple of float, or None
        As `bootstrap_interval` gives it.
    """
    sizes = np.ones(len(values)) if groups is None else np.bincount(groups).astype(np.float64)
    sums = values if groups is None else np.bincount(groups, weights=values)
    drawn = [(sums @ w) / (sizes @ w) for w in resampled_weights(len(sums), None, seed)]
    return bootstrap_interval(float(values.mean()), np.concatenate(drawn), len(sums), share=share)
