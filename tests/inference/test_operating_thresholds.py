"""Selected samples reach the stated purity or completeness as often as they promise."""

import numpy as np
import pytest
from scipy.stats import binom

from skyclass.inference.operating_thresholds import (
    CONFIDENCE,
    compute_binomial_tail,
    fit_operating_thresholds,
    select_objects,
)

LABELS = ("star", "galaxy")


def draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw calibrated probabilities, and labels by them; faint objects are hard to tell."""
    rng = np.random.default_rng(seed)
    magnitude = rng.uniform(15, 21, n)
    star = 1 / (1 + np.exp(-rng.normal(0, 1, n) * 10 / (magnitude - 14)))
    label = (rng.random(n) > star).astype(np.int64)
    return label, np.stack([star, 1 - star], axis=1), magnitude


@pytest.mark.parametrize("case", [(0, 5, 0.5), (45, 45, 0.95), (46, 50, 0.9), (900, 1000, 0.91)])
def test_the_tail_is_scipys(case: tuple[int, int, float]) -> None:
    successes, trials, share = case
    expected = binom.sf(successes - 1, trials, share)
    assert compute_binomial_tail(*case) == pytest.approx(expected, rel=1e-9)
    assert trials >= successes
    assert 0 < share < 1


@pytest.mark.parametrize(("measure", "level"), [("purity", 0.85), ("completeness", 0.8)])
def test_samples_keep_their_promise(measure: str, level: float) -> None:
    truth, truth_shares, truth_magnitude = draw(40_000, 999)
    broken, tested = 0, 0
    for seed in range(60):
        thresholds = fit_operating_thresholds(LABELS, *draw(500, seed), measure, level)
        for each in thresholds:
            if each.probability is None:
                continue
            chosen = select_objects([each], LABELS, truth_shares, truth_magnitude, measure)
            k = LABELS.index(each.label)
            low = -np.inf if each.brightest is None else each.brightest
            high = np.inf if each.faintest is None else each.faintest
            of_class = (truth == k) & (truth_magnitude >= low) & (truth_magnitude < high)
            kept = chosen[:, k]
            reached = kept[of_class].mean() if measure == "completeness" else of_class[kept].mean()
            tested += 1
            broken += reached < level
    assert tested > 100
    # a tenth is allowed; three standard deviations of the count beyond that
    allowed = (1 - CONFIDENCE) * tested
    assert broken < allowed + 3 * np.sqrt(allowed)
    # and they are of use: not all of them are far beyond the level
    assert broken > 0


def test_bins_by_magnitude_and_what_cannot_be_promised() -> None:
    label, shares, magnitude = draw(2000, 1)
    thresholds = fit_operating_thresholds(LABELS, label, shares, magnitude, "purity", 0.85)
    stars = [each for each in thresholds if each.label == "star"]
    assert [each.brightest for each in stars[1:]] == [each.faintest for each in stars[:-1]]
    assert stars[0].brightest is stars[-1].faintest is None
    # faint stars need a higher probability than bright ones do, or there is none
    assert stars[0].probability is not None
    few = fit_operating_thresholds(LABELS, label[:30], shares[:30], magnitude[:30], "purity", 0.95)
    assert [each.probability for each in few] == [None, None]
    assert not select_objects(few, LABELS, shares, magnitude, "purity").any()


def test_objects_without_class_or_magnitude() -> None:
    label, shares, magnitude = draw(2000, 1)
    thresholds = fit_operating_thresholds(LABELS, label, shares, magnitude, "completeness", 0.8)
    shares = np.array([[np.nan, np.nan], [1.0, 0.0], [1.0, 0.0]])
    chosen = select_objects(thresholds, LABELS, shares, np.array([18, np.nan, 16]), "completeness")
    np.testing.assert_array_equal(chosen, [[False, False], [True, False], [True, False]])
